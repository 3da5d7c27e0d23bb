MERGE INTO ${prefix}schema (version, script, applied_at) KEY (version)
  VALUES (2, 'V2__rollup.sql', CURRENT_TIMESTAMP);

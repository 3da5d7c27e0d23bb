INSERT INTO ${prefix}schema (version, script, applied_at)
  VALUES (2, 'V2__rollup.sql', CURRENT_TIMESTAMP);

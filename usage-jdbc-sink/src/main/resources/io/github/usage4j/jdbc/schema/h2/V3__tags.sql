MERGE INTO ${prefix}schema (version, script, applied_at) KEY (version)
  VALUES (3, 'V3__tags.sql', CURRENT_TIMESTAMP);

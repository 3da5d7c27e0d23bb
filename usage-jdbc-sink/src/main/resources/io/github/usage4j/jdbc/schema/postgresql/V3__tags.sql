INSERT INTO ${prefix}schema (version, script, applied_at)
  VALUES (3, 'V3__tags.sql', CURRENT_TIMESTAMP);

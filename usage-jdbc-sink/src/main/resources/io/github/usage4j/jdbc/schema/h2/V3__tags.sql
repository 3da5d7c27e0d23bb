CREATE TABLE IF NOT EXISTS ${prefix}event_tag (
  event_id  UUID NOT NULL,
  tag_key   VARCHAR_CASESENSITIVE NOT NULL,
  tag_value VARCHAR_CASESENSITIVE NOT NULL,
  PRIMARY KEY (event_id, tag_key)
);

CREATE OR REPLACE VIEW ${prefix}operation AS
  SELECT operation_id, organization, user_id, COUNT(*) AS calls, SUM(total_tokens) AS total_tokens
    FROM ${prefix}event GROUP BY operation_id, organization, user_id;

MERGE INTO ${prefix}schema (version, script, applied_at) KEY (version)
  VALUES (3, 'V3__tags.sql', CURRENT_TIMESTAMP);

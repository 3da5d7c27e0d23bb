CREATE TABLE ${prefix}event_tag (
  event_id  UUID NOT NULL,
  tag_key   TEXT COLLATE "C" NOT NULL,
  tag_value TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (event_id, tag_key)
);

CREATE OR REPLACE VIEW ${prefix}operation AS
  SELECT operation_id, organization, user_id, COUNT(*) AS calls, SUM(total_tokens) AS total_tokens
    FROM ${prefix}event GROUP BY operation_id, organization, user_id;

INSERT INTO ${prefix}schema (version, script, applied_at)
  VALUES (3, 'V3__tags.sql', CURRENT_TIMESTAMP);

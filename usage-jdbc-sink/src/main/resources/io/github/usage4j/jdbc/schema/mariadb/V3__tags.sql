-- Usage4j, schema version 3 for MariaDB: tags as rows, and operations. See V1__usage.sql for how it is applied.
-- Every statement may be repeated, because MariaDB commits each one, and ends with a semicolon at the end of a line.

CREATE TABLE IF NOT EXISTS ${prefix}event_tag (
  event_id    CHAR(36) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL COMMENT 'The id of the call',
  tag_key     VARCHAR(128) NOT NULL COMMENT 'The key, once for each call',
  tag_value   VARCHAR(128) NOT NULL COMMENT 'The value',
  occurred_at DATETIME(6) NOT NULL COMMENT 'When the call started; the same as in its own row',
  PRIMARY KEY (event_id, tag_key),
  INDEX ${prefix}event_tag_by_value (tag_key, tag_value, occurred_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin ROW_FORMAT = DYNAMIC
  COMMENT = 'One row for each tag of each call, for queries; usage_event.tags is what a call is read from.';

-- The tags of events that are there already. The n-th key of a JSON object belongs to its n-th value.
INSERT INTO ${prefix}event_tag (event_id, tag_key, tag_value, occurred_at)
  SELECT e.id, k.tag_key, JSON_VALUE(JSON_EXTRACT(e.tags, '$.*'), CONCAT('$[', k.n - 1, ']')), e.occurred_at
  FROM ${prefix}event e,
    JSON_TABLE(JSON_KEYS(e.tags), '$[*]' COLUMNS (n FOR ORDINALITY, tag_key VARCHAR(128) PATH '$')) k
  WHERE e.tags IS NOT NULL
  ON DUPLICATE KEY UPDATE tag_key = VALUES(tag_key);

-- One row for each operation: a user request with all its steps. A view has no comments here; see the columns of the script for
-- PostgreSQL. The rights are those of whoever asks.
CREATE OR REPLACE SQL SECURITY INVOKER VIEW ${prefix}operation AS
  SELECT
    e.organization,
    e.operation_id,
    MAX(e.parent_operation_id) AS parent_operation_id,
    CASE WHEN COUNT(DISTINCT e.user_id) = 1 THEN MAX(e.user_id) END AS user_id,
    CASE WHEN COUNT(DISTINCT e.customer_id) = 1 THEN MAX(e.customer_id) END AS customer_id,
    CASE WHEN COUNT(DISTINCT e.session_id) = 1 THEN MAX(e.session_id) END AS session_id,
    CASE WHEN COUNT(DISTINCT e.category) = 1 THEN MAX(e.category) END AS category,
    MIN(e.occurred_at) AS started_at,
    MAX(TIMESTAMPADD(MICROSECOND, e.duration_us, e.occurred_at)) AS ended_at,
    TIMESTAMPDIFF(MICROSECOND, MIN(e.occurred_at), MAX(TIMESTAMPADD(MICROSECOND, e.duration_us, e.occurred_at))) AS latency_us,
    MAX(CASE WHEN e.from_last = 1 THEN e.outcome END) AS status,
    SUM(CASE WHEN e.outcome <> 'REFUSED' THEN 1 ELSE 0 END) AS calls,
    SUM(CASE WHEN e.tool_calls > 0 THEN 1 ELSE 0 END) AS tool_turns,
    SUM(CASE WHEN e.outcome = 'ERROR' THEN 1 ELSE 0 END) AS errors,
    SUM(CASE WHEN e.outcome = 'CANCELLED' THEN 1 ELSE 0 END) AS cancelled,
    SUM(CASE WHEN e.outcome = 'REFUSED' THEN 1 ELSE 0 END) AS refused,
    SUM(e.input_tokens) AS input_tokens,
    SUM(e.output_tokens) AS output_tokens,
    SUM(e.cache_read_tokens) AS cache_read_tokens,
    SUM(e.cache_write_tokens) AS cache_write_tokens,
    SUM(e.cache_write_one_hour_tokens) AS cache_write_one_hour_tokens,
    SUM(e.reasoning_tokens) AS reasoning_tokens,
    SUM(e.input_audio_tokens) AS input_audio_tokens,
    SUM(e.output_audio_tokens) AS output_audio_tokens,
    SUM(e.total_tokens) AS total_tokens,
    SUM(CASE WHEN e.quality = 'MISSING' AND e.units IS NULL AND e.outcome IN ('SUCCESS', 'CANCELLED') THEN 1 ELSE 0 END) AS unmeasured,
    SUM(CASE WHEN e.quality = 'PARTIAL' THEN 1 ELSE 0 END) AS partial,
    SUM(CASE WHEN e.quality = 'ESTIMATED' THEN 1 ELSE 0 END) AS estimated,
    SUM(CASE WHEN e.currency IS NULL AND e.outcome <> 'REFUSED'
      AND (COALESCE(e.input_tokens, e.output_tokens, e.cache_read_tokens, e.cache_write_tokens, e.cache_write_one_hour_tokens, e.reasoning_tokens, e.input_audio_tokens, e.output_audio_tokens) IS NOT NULL OR e.units IS NOT NULL)
      THEN 1 ELSE 0 END) AS unpriced,
    COUNT(DISTINCT e.currency) AS currencies,
    CASE WHEN COUNT(DISTINCT e.currency) = 1 THEN MAX(e.currency) END AS currency,
    CASE WHEN COUNT(DISTINCT e.currency) = 1 THEN SUM(e.cost_input) END AS cost_input,
    CASE WHEN COUNT(DISTINCT e.currency) = 1 THEN SUM(e.cost_output) END AS cost_output,
    CASE WHEN COUNT(DISTINCT e.currency) = 1 THEN SUM(e.cost_cache) END AS cost_cache,
    CASE WHEN COUNT(DISTINCT e.currency) = 1 THEN SUM(e.cost_other) END AS cost_other,
    CASE WHEN COUNT(DISTINCT e.currency) = 1 THEN SUM(e.cost_total) END AS cost_total
  FROM (
    SELECT
      organization, operation_id, parent_operation_id, user_id, customer_id, session_id, category,
      occurred_at, duration_us, outcome, tool_calls, input_tokens, output_tokens, cache_read_tokens,
      cache_write_tokens, cache_write_one_hour_tokens, reasoning_tokens, input_audio_tokens,
      output_audio_tokens, total_tokens, quality, units, currency, cost_input, cost_output, cost_cache,
      cost_other, cost_total,
      ROW_NUMBER() OVER (PARTITION BY organization, operation_id ORDER BY occurred_at DESC, step DESC, id DESC) AS from_last
    FROM ${prefix}event
  ) e
  GROUP BY e.organization, e.operation_id;

INSERT INTO ${prefix}schema (version, script, applied_at)
  VALUES (3, 'V3__tags.sql', UTC_TIMESTAMP(6))
  ON DUPLICATE KEY UPDATE version = version;

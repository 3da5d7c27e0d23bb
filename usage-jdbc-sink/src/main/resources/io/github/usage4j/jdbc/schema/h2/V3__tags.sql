-- Usage4j, schema version 3 for H2: tags as rows, and operations. See V1__usage.sql for how it is applied.
-- Every statement may be repeated, because H2 commits each one.

CREATE TABLE IF NOT EXISTS ${prefix}event_tag (
  event_id    UUID NOT NULL,
  tag_key     VARCHAR_CASESENSITIVE NOT NULL,
  tag_value   VARCHAR_CASESENSITIVE NOT NULL,
  occurred_at TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  PRIMARY KEY (event_id, tag_key)
);

COMMENT ON TABLE ${prefix}event_tag IS 'One row for each tag of each call, for queries; usage_event.tags is what a call is read from.';
COMMENT ON COLUMN ${prefix}event_tag.event_id IS 'The id of the call';
COMMENT ON COLUMN ${prefix}event_tag.tag_key IS 'The key, once for each call';
COMMENT ON COLUMN ${prefix}event_tag.tag_value IS 'The value';
COMMENT ON COLUMN ${prefix}event_tag.occurred_at IS 'When the call started; the same as in its own row';

-- The tags of events that are there already. H2 cannot list the keys of a JSON object; what is written here is
-- an object of at most 8 texts, in which only quotes and backslashes are escaped.
INSERT INTO ${prefix}event_tag (event_id, tag_key, tag_value, occurred_at)
  SELECT e.id,
    REPLACE(REPLACE(REPLACE(REGEXP_SUBSTR(e.tags, '"((?:[^"\\]|\\.)*)":"((?:[^"\\]|\\.)*)"', 1, n.i, 'c', 1),
      '\\', CHAR(1)), '\"', '"'), CHAR(1), '\'),
    REPLACE(REPLACE(REPLACE(REGEXP_SUBSTR(e.tags, '"((?:[^"\\]|\\.)*)":"((?:[^"\\]|\\.)*)"', 1, n.i, 'c', 2),
      '\\', CHAR(1)), '\"', '"'), CHAR(1), '\'),
    e.occurred_at
  FROM ${prefix}event e CROSS JOIN (VALUES (1), (2), (3), (4), (5), (6), (7), (8)) n (i)
  WHERE e.tags IS NOT NULL
    AND REGEXP_SUBSTR(e.tags, '"((?:[^"\\]|\\.)*)":"((?:[^"\\]|\\.)*)"', 1, n.i, 'c', 1) IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM ${prefix}event_tag t WHERE t.event_id = e.id);

CREATE INDEX IF NOT EXISTS ${prefix}event_tag_by_value ON ${prefix}event_tag (tag_key, tag_value, occurred_at);

CREATE OR REPLACE VIEW ${prefix}operation AS
  SELECT
    e.organization,
    e.operation_id,
    MAX(e.parent_operation_id) AS parent_operation_id,
    CASE WHEN COUNT(DISTINCT e.user_id) = 1 THEN MAX(e.user_id) END AS user_id,
    CASE WHEN COUNT(DISTINCT e.customer_id) = 1 THEN MAX(e.customer_id) END AS customer_id,
    CASE WHEN COUNT(DISTINCT e.session_id) = 1 THEN MAX(e.session_id) END AS session_id,
    CASE WHEN COUNT(DISTINCT e.category) = 1 THEN MAX(e.category) END AS category,
    MIN(e.occurred_at) AS started_at,
    MAX(DATEADD(MICROSECOND, e.duration_us, e.occurred_at)) AS ended_at,
    DATEDIFF(MICROSECOND, MIN(e.occurred_at), MAX(DATEADD(MICROSECOND, e.duration_us, e.occurred_at))) AS latency_us,
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

-- A column of a view has no comment here; see those in the script for PostgreSQL.
COMMENT ON TABLE ${prefix}operation IS 'One row for each operation: a user request with all its steps.';

MERGE INTO ${prefix}schema (version, script, applied_at) KEY (version)
  VALUES (3, 'V3__tags.sql', CURRENT_TIMESTAMP);

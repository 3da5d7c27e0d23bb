-- Usage4j, schema version 8 for H2: conditions of the price and the audio part of cache reads. Rows that are there have
-- none, which is NULL, so no sum changes. Replace ${prefix} (by default usage_). No instance of an older
-- version may run meanwhile or afterwards: it would price and archive calls without their conditions.
-- Every statement may be repeated, because H2 commits each one.

ALTER TABLE ${prefix}event ADD COLUMN IF NOT EXISTS conditions VARCHAR_CASESENSITIVE;
ALTER TABLE ${prefix}event ADD COLUMN IF NOT EXISTS cache_read_audio_tokens BIGINT;
COMMENT ON COLUMN ${prefix}event.conditions IS 'JSON object: what changes the price beside the service tier, such as speed, value by name; NULL if nothing does';
COMMENT ON COLUMN ${prefix}event.cache_read_audio_tokens IS 'The part of cache_read_tokens that is audio, and so of input_audio_tokens';

ALTER TABLE ${prefix}rollup ADD COLUMN IF NOT EXISTS cache_read_audio_tokens BIGINT;
COMMENT ON COLUMN ${prefix}rollup.cache_read_audio_tokens IS 'The part of cache_read_tokens that is audio, and so of input_audio_tokens';

ALTER TABLE ${prefix}organization_rollup ADD COLUMN IF NOT EXISTS cache_read_audio_tokens BIGINT;
COMMENT ON COLUMN ${prefix}organization_rollup.cache_read_audio_tokens IS 'The part of cache_read_tokens that is audio, and so of input_audio_tokens';

-- The same as before, with one column more at its end.
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
      AND (COALESCE(e.input_tokens, e.output_tokens, e.cache_read_tokens, e.cache_write_tokens, e.cache_write_one_hour_tokens, e.reasoning_tokens, e.input_audio_tokens, e.output_audio_tokens, e.cache_read_audio_tokens) IS NOT NULL OR e.units IS NOT NULL)
      THEN 1 ELSE 0 END) AS unpriced,
    COUNT(DISTINCT e.currency) AS currencies,
    CASE WHEN COUNT(DISTINCT e.currency) = 1 THEN MAX(e.currency) END AS currency,
    CASE WHEN COUNT(DISTINCT e.currency) = 1 THEN SUM(e.cost_input) END AS cost_input,
    CASE WHEN COUNT(DISTINCT e.currency) = 1 THEN SUM(e.cost_output) END AS cost_output,
    CASE WHEN COUNT(DISTINCT e.currency) = 1 THEN SUM(e.cost_cache) END AS cost_cache,
    CASE WHEN COUNT(DISTINCT e.currency) = 1 THEN SUM(e.cost_other) END AS cost_other,
    CASE WHEN COUNT(DISTINCT e.currency) = 1 THEN SUM(e.cost_total) END AS cost_total,
    SUM(e.cache_read_audio_tokens) AS cache_read_audio_tokens
  FROM (
    SELECT
      organization, operation_id, parent_operation_id, user_id, customer_id, session_id, category,
      occurred_at, duration_us, outcome, tool_calls, input_tokens, output_tokens, cache_read_tokens,
      cache_write_tokens, cache_write_one_hour_tokens, reasoning_tokens, input_audio_tokens,
      output_audio_tokens, cache_read_audio_tokens, total_tokens, quality, units, currency, cost_input,
      cost_output, cost_cache, cost_other, cost_total,
      ROW_NUMBER() OVER (PARTITION BY organization, operation_id ORDER BY occurred_at DESC, step DESC, id DESC) AS from_last
    FROM ${prefix}event
  ) e
  GROUP BY e.organization, e.operation_id;

-- A column of a view has no comment here; see those in the script for PostgreSQL.
COMMENT ON TABLE ${prefix}operation IS 'One row for each operation: a user request with all its steps.';

MERGE INTO ${prefix}schema (version, script, applied_at) KEY (version)
  VALUES (8, 'V8__conditions.sql', CURRENT_TIMESTAMP);

-- Usage4j, schema version 3 for PostgreSQL: tags as rows, and operations. See V1__usage.sql for how it is applied.

CREATE TABLE ${prefix}event_tag (
  event_id    UUID NOT NULL,
  tag_key     TEXT COLLATE "C" NOT NULL,
  tag_value   TEXT COLLATE "C" NOT NULL,
  occurred_at TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  PRIMARY KEY (event_id, tag_key)
)
-- by month: PARTITION BY RANGE (event_id)
;
-- by month: CREATE TABLE ${prefix}event_tag_other PARTITION OF ${prefix}event_tag DEFAULT;

COMMENT ON TABLE ${prefix}event_tag IS 'One row for each tag of each call, for queries; usage_event.tags is what a call is read from.';
COMMENT ON COLUMN ${prefix}event_tag.event_id IS 'The id of the call';
COMMENT ON COLUMN ${prefix}event_tag.tag_key IS 'The key, once for each call';
COMMENT ON COLUMN ${prefix}event_tag.tag_value IS 'The value';
COMMENT ON COLUMN ${prefix}event_tag.occurred_at IS 'When the call started; the same as in its own row';

-- The tags of events that are there already.
INSERT INTO ${prefix}event_tag (event_id, tag_key, tag_value, occurred_at)
  SELECT e.id, t.key, t.value, e.occurred_at
  FROM ${prefix}event e CROSS JOIN LATERAL json_each_text(e.tags::json) t
  WHERE e.tags IS NOT NULL;

CREATE INDEX ${prefix}event_tag_by_value ON ${prefix}event_tag (tag_key, tag_value, occurred_at);

CREATE VIEW ${prefix}operation AS
  SELECT
    e.organization,
    e.operation_id,
    MAX(e.parent_operation_id) AS parent_operation_id,
    CASE WHEN COUNT(DISTINCT e.user_id) = 1 THEN MAX(e.user_id) END AS user_id,
    CASE WHEN COUNT(DISTINCT e.customer_id) = 1 THEN MAX(e.customer_id) END AS customer_id,
    CASE WHEN COUNT(DISTINCT e.session_id) = 1 THEN MAX(e.session_id) END AS session_id,
    CASE WHEN COUNT(DISTINCT e.category) = 1 THEN MAX(e.category) END AS category,
    MIN(e.occurred_at) AS started_at,
    MAX(e.occurred_at + e.duration_us * INTERVAL '1 microsecond') AS ended_at,
    CAST(EXTRACT(EPOCH FROM MAX(e.occurred_at + e.duration_us * INTERVAL '1 microsecond') - MIN(e.occurred_at)) * 1000000 AS BIGINT) AS latency_us,
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

-- With the rights of whoever asks, so that row-level security holds. Older versions cannot: there the view shows what
-- its owner may see, and must not be granted to roles that row-level security keeps apart.
DO $$
BEGIN
  IF current_setting('server_version_num')::integer >= 150000 THEN
    EXECUTE 'ALTER VIEW ${prefix}operation SET (security_invoker = true)';
  END IF;
END
$$;

COMMENT ON VIEW ${prefix}operation IS 'One row for each operation: a user request with all its steps.';
COMMENT ON COLUMN ${prefix}operation.organization IS 'The tenant; NULL is unattributed. Two tenants with one operation_id are two operations';
COMMENT ON COLUMN ${prefix}operation.operation_id IS 'The user request that the calls are steps of';
COMMENT ON COLUMN ${prefix}operation.parent_operation_id IS 'The operation inside which it began';
COMMENT ON COLUMN ${prefix}operation.user_id IS 'The actor; NULL if there is none, or the calls name several';
COMMENT ON COLUMN ${prefix}operation.customer_id IS 'The customer whose data was viewed; NULL if there is none, or the calls name several';
COMMENT ON COLUMN ${prefix}operation.session_id IS 'The conversation; NULL if there is none, or the calls name several';
COMMENT ON COLUMN ${prefix}operation.category IS 'Feature or request type; NULL if there is none, or the calls name several';
COMMENT ON COLUMN ${prefix}operation.started_at IS 'When its first call started';
COMMENT ON COLUMN ${prefix}operation.ended_at IS 'When the last of its calls ended';
COMMENT ON COLUMN ${prefix}operation.latency_us IS 'From started_at to ended_at, in microseconds';
COMMENT ON COLUMN ${prefix}operation.status IS 'The outcome of the call that started last: SUCCESS, ERROR, CANCELLED or REFUSED';
COMMENT ON COLUMN ${prefix}operation.calls IS 'Model calls, those refused by a limit left out';
COMMENT ON COLUMN ${prefix}operation.tool_turns IS 'Calls whose answer asks for tools';
COMMENT ON COLUMN ${prefix}operation.errors IS 'Calls that failed';
COMMENT ON COLUMN ${prefix}operation.cancelled IS 'Calls that were stopped';
COMMENT ON COLUMN ${prefix}operation.refused IS 'Calls that a limit did not let start';
COMMENT ON COLUMN ${prefix}operation.input_tokens IS 'All input tokens; NULL if no call states them';
COMMENT ON COLUMN ${prefix}operation.output_tokens IS 'All output tokens; NULL if no call states them';
COMMENT ON COLUMN ${prefix}operation.cache_read_tokens IS 'The part of input_tokens that was read from a cache';
COMMENT ON COLUMN ${prefix}operation.cache_write_tokens IS 'The part of input_tokens that was written to a cache';
COMMENT ON COLUMN ${prefix}operation.cache_write_one_hour_tokens IS 'The part of cache_write_tokens that was written for one hour';
COMMENT ON COLUMN ${prefix}operation.reasoning_tokens IS 'The part of output_tokens that is hidden reasoning';
COMMENT ON COLUMN ${prefix}operation.input_audio_tokens IS 'The part of input_tokens that is audio';
COMMENT ON COLUMN ${prefix}operation.output_audio_tokens IS 'The part of output_tokens that is audio';
COMMENT ON COLUMN ${prefix}operation.total_tokens IS 'input_tokens plus output_tokens; NULL if both are unknown';
COMMENT ON COLUMN ${prefix}operation.unmeasured IS 'Calls that were answered or stopped and of which nothing is known';
COMMENT ON COLUMN ${prefix}operation.partial IS 'Calls of which some figures are missing or contradict each other';
COMMENT ON COLUMN ${prefix}operation.estimated IS 'Calls whose tokens were estimated';
COMMENT ON COLUMN ${prefix}operation.unpriced IS 'Calls that used something and have no price';
COMMENT ON COLUMN ${prefix}operation.currencies IS 'How many currencies the calls were priced in';
COMMENT ON COLUMN ${prefix}operation.currency IS 'The one currency; NULL if there is none or several, whose costs are never added: see the calls then';
COMMENT ON COLUMN ${prefix}operation.cost_input IS 'What the uncached input cost, in currency';
COMMENT ON COLUMN ${prefix}operation.cost_output IS 'What the output cost, in currency';
COMMENT ON COLUMN ${prefix}operation.cost_cache IS 'What cache reads and writes cost, in currency';
COMMENT ON COLUMN ${prefix}operation.cost_other IS 'What is charged apart from tokens cost, in currency';
COMMENT ON COLUMN ${prefix}operation.cost_total IS 'The sum of the four parts, in currency';

INSERT INTO ${prefix}schema (version, script, applied_at)
  VALUES (3, 'V3__tags.sql', CURRENT_TIMESTAMP);

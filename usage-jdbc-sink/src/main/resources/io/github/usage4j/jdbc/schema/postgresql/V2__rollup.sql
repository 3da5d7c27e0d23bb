-- Usage4j, schema version 2 for PostgreSQL: rollups, which are built here from the calls there are, and the raw
-- horizon. Replace ${prefix} (by default usage_). No instance of version 1 may write meanwhile or afterwards.
-- By hand: in one transaction, as psql --single-transaction does.

CREATE TABLE ${prefix}rollup (
  grain                       TEXT COLLATE "C" NOT NULL,
  bucket                      DATE NOT NULL,
  key_hash                    UUID NOT NULL,
  organization                TEXT COLLATE "C" NOT NULL,
  user_id                     TEXT COLLATE "C" NOT NULL,
  customer_id                 TEXT COLLATE "C" NOT NULL,
  category                    TEXT COLLATE "C" NOT NULL,
  provider                    TEXT COLLATE "C" NOT NULL,
  model                       TEXT COLLATE "C" NOT NULL,
  currency                    TEXT COLLATE "C" NOT NULL,
  calls                       BIGINT NOT NULL,
  operations                  BIGINT NOT NULL,
  tool_turns                  BIGINT NOT NULL,
  succeeded                   BIGINT NOT NULL,
  errors                      BIGINT NOT NULL,
  cancelled                   BIGINT NOT NULL,
  refused                     BIGINT NOT NULL,
  input_tokens                BIGINT,
  output_tokens               BIGINT,
  cache_read_tokens           BIGINT,
  cache_write_tokens          BIGINT,
  cache_write_one_hour_tokens BIGINT,
  reasoning_tokens            BIGINT,
  input_audio_tokens          BIGINT,
  output_audio_tokens         BIGINT,
  total_tokens                BIGINT,
  unmeasured                  BIGINT NOT NULL,
  partial                     BIGINT NOT NULL,
  estimated                   BIGINT NOT NULL,
  unpriced                    BIGINT NOT NULL,
  cost_input                  DECIMAL(56,18) NOT NULL,
  cost_output                 DECIMAL(56,18) NOT NULL,
  cost_cache                  DECIMAL(56,18) NOT NULL,
  cost_other                  DECIMAL(56,18) NOT NULL,
  cost_total                  DECIMAL(56,18) NOT NULL,
  succeeded_tokens            BIGINT NOT NULL,
  succeeded_us                BIGINT NOT NULL,
  last_at                     TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  CHECK (grain IN ('D', 'M')),
  PRIMARY KEY (grain, bucket, key_hash)
) WITH (fillfactor = 80);

COMMENT ON TABLE ${prefix}rollup IS 'What the calls of a day and of a month add up to, by the seven names. Written in one transaction with the calls.';
COMMENT ON COLUMN ${prefix}rollup.grain IS 'D is a UTC day, M a calendar month';
COMMENT ON COLUMN ${prefix}rollup.bucket IS 'The day, or the first day of the month';
COMMENT ON COLUMN ${prefix}rollup.key_hash IS 'First 16 bytes of SHA-256 over the seven names that follow, each as length in UTF-8, colon, text';
COMMENT ON COLUMN ${prefix}rollup.organization IS 'The tenant; empty is unattributed, as in the other names';
COMMENT ON COLUMN ${prefix}rollup.user_id IS 'The actor who was really logged in';
COMMENT ON COLUMN ${prefix}rollup.customer_id IS 'The customer whose data was viewed';
COMMENT ON COLUMN ${prefix}rollup.category IS 'Feature or request type';
COMMENT ON COLUMN ${prefix}rollup.provider IS 'Who serves the model';
COMMENT ON COLUMN ${prefix}rollup.model IS 'The model that answered, else the one asked for; empty if unknown';
COMMENT ON COLUMN ${prefix}rollup.currency IS 'ISO 4217 code of the costs; XXX is unpriced';
COMMENT ON COLUMN ${prefix}rollup.calls IS 'Calls that were not refused';
COMMENT ON COLUMN ${prefix}rollup.operations IS 'User requests that began among these calls';
COMMENT ON COLUMN ${prefix}rollup.tool_turns IS 'Calls whose answer asked for tools';
COMMENT ON COLUMN ${prefix}rollup.succeeded IS 'Calls that were answered: calls less errors and cancelled';
COMMENT ON COLUMN ${prefix}rollup.errors IS 'Calls that failed';
COMMENT ON COLUMN ${prefix}rollup.cancelled IS 'Calls that were stopped by the caller';
COMMENT ON COLUMN ${prefix}rollup.refused IS 'Calls that a limit did not let start; not among calls';
COMMENT ON COLUMN ${prefix}rollup.input_tokens IS 'Sum of what is known; NULL if nothing is known, as in the other token columns';
COMMENT ON COLUMN ${prefix}rollup.output_tokens IS 'All output tokens, reasoning included';
COMMENT ON COLUMN ${prefix}rollup.cache_read_tokens IS 'The part of input_tokens that was read from a cache';
COMMENT ON COLUMN ${prefix}rollup.cache_write_tokens IS 'The part of input_tokens that was written to a cache';
COMMENT ON COLUMN ${prefix}rollup.cache_write_one_hour_tokens IS 'The part of cache_write_tokens that was written for one hour';
COMMENT ON COLUMN ${prefix}rollup.reasoning_tokens IS 'The part of output_tokens that is hidden reasoning';
COMMENT ON COLUMN ${prefix}rollup.input_audio_tokens IS 'The part of input_tokens that is audio';
COMMENT ON COLUMN ${prefix}rollup.output_audio_tokens IS 'The part of output_tokens that is audio';
COMMENT ON COLUMN ${prefix}rollup.total_tokens IS 'input_tokens plus output_tokens; NULL if both are unknown';
COMMENT ON COLUMN ${prefix}rollup.unmeasured IS 'Calls that were answered or cut short and stated no figure at all';
COMMENT ON COLUMN ${prefix}rollup.partial IS 'Calls of which some figures are missing or contradictory';
COMMENT ON COLUMN ${prefix}rollup.estimated IS 'Calls whose figures were estimated';
COMMENT ON COLUMN ${prefix}rollup.unpriced IS 'Calls that used something and have no price';
COMMENT ON COLUMN ${prefix}rollup.cost_input IS 'What the uncached input cost, in currency; 0 in all five where the currency is XXX';
COMMENT ON COLUMN ${prefix}rollup.cost_output IS 'What the output cost';
COMMENT ON COLUMN ${prefix}rollup.cost_cache IS 'What cache reads and writes cost';
COMMENT ON COLUMN ${prefix}rollup.cost_other IS 'What is charged apart from tokens cost';
COMMENT ON COLUMN ${prefix}rollup.cost_total IS 'The sum of the four parts';
COMMENT ON COLUMN ${prefix}rollup.succeeded_tokens IS 'total_tokens of the calls that succeeded, for averages';
COMMENT ON COLUMN ${prefix}rollup.succeeded_us IS 'How long the calls that succeeded took together, in microseconds';
COMMENT ON COLUMN ${prefix}rollup.last_at IS 'When the last of the calls started';

CREATE INDEX ${prefix}rollup_by_organization ON ${prefix}rollup (grain, organization, bucket);

CREATE TABLE ${prefix}horizon (
  scope        TEXT COLLATE "C" NOT NULL,
  organization TEXT COLLATE "C" NOT NULL,
  raw_from     TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  CHECK (scope = 'O' OR (scope = 'A' AND organization = '')),
  PRIMARY KEY (scope, organization)
);

COMMENT ON TABLE ${prefix}horizon IS 'From when on the single calls are there. The row of scope A always exists: writers and maintenance lock it.';
COMMENT ON COLUMN ${prefix}horizon.scope IS 'A is all organizations, O is one; of both the later instant counts';
COMMENT ON COLUMN ${prefix}horizon.organization IS 'The tenant where the scope is O, empty for unattributed calls; else empty';
COMMENT ON COLUMN ${prefix}horizon.raw_from IS 'Calls that started earlier are gone from the event table and only counted in rollups';

INSERT INTO ${prefix}rollup (
  grain, bucket, key_hash, organization, user_id, customer_id, category, provider, model, currency, calls,
  operations, tool_turns, succeeded, errors, cancelled, refused, input_tokens, output_tokens,
  cache_read_tokens, cache_write_tokens, cache_write_one_hour_tokens, reasoning_tokens, input_audio_tokens,
  output_audio_tokens, total_tokens, unmeasured, partial, estimated, unpriced, cost_input, cost_output,
  cost_cache, cost_other, cost_total, succeeded_tokens, succeeded_us, last_at)
SELECT 'D', bucket,
       encode(substring(sha256(convert_to(CONCAT(
           octet_length(organization), ':', organization, octet_length(user_id), ':', user_id,
           octet_length(customer_id), ':', customer_id, octet_length(category), ':', category,
           octet_length(provider), ':', provider, octet_length(model), ':', model, octet_length(currency),
           ':', currency),
         'UTF8')) FROM 1 FOR 16), 'hex')::uuid,
       organization, user_id, customer_id, category, provider, model, currency, calls, operations,
       tool_turns, succeeded, errors, cancelled, refused, input_tokens, output_tokens, cache_read_tokens,
       cache_write_tokens, cache_write_one_hour_tokens, reasoning_tokens, input_audio_tokens,
       output_audio_tokens, total_tokens, unmeasured, partial, estimated, unpriced, cost_input, cost_output,
       cost_cache, cost_other, cost_total, succeeded_tokens, succeeded_us, last_at
  FROM (SELECT bucket,
               COALESCE(organization, '') AS organization, COALESCE(user_id, '') AS user_id,
               COALESCE(customer_id, '') AS customer_id, COALESCE(category, '') AS category, provider, model,
               COALESCE(currency, 'XXX') AS currency, calls, operations, tool_turns, succeeded, errors,
               cancelled, refused, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens,
               cache_write_one_hour_tokens, reasoning_tokens, input_audio_tokens, output_audio_tokens,
               total_tokens, unmeasured, partial, estimated, unpriced, cost_input, cost_output, cost_cache,
               cost_other, cost_total, succeeded_tokens, succeeded_us, last_at
          FROM (
    SELECT utc_day AS bucket, organization, user_id, customer_id, category, provider, model, currency,
           SUM(CASE WHEN outcome <> 'REFUSED' THEN 1 ELSE 0 END) AS calls,
           SUM(CASE WHEN opens_operation THEN 1 ELSE 0 END) AS operations,
           SUM(CASE WHEN tool_calls > 0 THEN 1 ELSE 0 END) AS tool_turns,
           SUM(CASE WHEN outcome = 'SUCCESS' THEN 1 ELSE 0 END) AS succeeded,
           SUM(CASE WHEN outcome = 'ERROR' THEN 1 ELSE 0 END) AS errors,
           SUM(CASE WHEN outcome = 'CANCELLED' THEN 1 ELSE 0 END) AS cancelled,
           SUM(CASE WHEN outcome = 'REFUSED' THEN 1 ELSE 0 END) AS refused,
           SUM(input_tokens) AS input_tokens,
           SUM(output_tokens) AS output_tokens,
           SUM(cache_read_tokens) AS cache_read_tokens,
           SUM(cache_write_tokens) AS cache_write_tokens,
           SUM(cache_write_one_hour_tokens) AS cache_write_one_hour_tokens,
           SUM(reasoning_tokens) AS reasoning_tokens,
           SUM(input_audio_tokens) AS input_audio_tokens,
           SUM(output_audio_tokens) AS output_audio_tokens,
           SUM(total_tokens) AS total_tokens,
           SUM(CASE WHEN quality = 'MISSING' AND units IS NULL AND outcome IN ('SUCCESS', 'CANCELLED')
               THEN 1 ELSE 0 END) AS unmeasured,
           SUM(CASE WHEN quality = 'PARTIAL' THEN 1 ELSE 0 END) AS partial,
           SUM(CASE WHEN quality = 'ESTIMATED' THEN 1 ELSE 0 END) AS estimated,
           SUM(CASE WHEN currency IS NULL AND outcome <> 'REFUSED' AND (units IS NOT NULL
               OR COALESCE(input_tokens, output_tokens, cache_read_tokens, cache_write_tokens,
                 cache_write_one_hour_tokens, reasoning_tokens, input_audio_tokens, output_audio_tokens)
                 IS NOT NULL) THEN 1 ELSE 0 END) AS unpriced,
           COALESCE(SUM(cost_input), 0) AS cost_input,
           COALESCE(SUM(cost_output), 0) AS cost_output,
           COALESCE(SUM(cost_cache), 0) AS cost_cache,
           COALESCE(SUM(cost_other), 0) AS cost_other,
           COALESCE(SUM(cost_total), 0) AS cost_total,
           COALESCE(SUM(CASE WHEN outcome = 'SUCCESS' THEN total_tokens END), 0) AS succeeded_tokens,
           COALESCE(SUM(CASE WHEN outcome = 'SUCCESS' THEN duration_us END), 0) AS succeeded_us,
           MAX(occurred_at) AS last_at
      FROM ${prefix}event
     GROUP BY utc_day, organization, user_id, customer_id, category, provider, model, currency) g) s;

INSERT INTO ${prefix}rollup (
  grain, bucket, key_hash, organization, user_id, customer_id, category, provider, model, currency, calls,
  operations, tool_turns, succeeded, errors, cancelled, refused, input_tokens, output_tokens,
  cache_read_tokens, cache_write_tokens, cache_write_one_hour_tokens, reasoning_tokens, input_audio_tokens,
  output_audio_tokens, total_tokens, unmeasured, partial, estimated, unpriced, cost_input, cost_output,
  cost_cache, cost_other, cost_total, succeeded_tokens, succeeded_us, last_at)
SELECT 'M', bucket, key_hash, organization, user_id, customer_id, category, provider, model, currency,
       SUM(calls), SUM(operations), SUM(tool_turns), SUM(succeeded), SUM(errors), SUM(cancelled),
       SUM(refused), SUM(input_tokens), SUM(output_tokens), SUM(cache_read_tokens), SUM(cache_write_tokens),
       SUM(cache_write_one_hour_tokens), SUM(reasoning_tokens), SUM(input_audio_tokens),
       SUM(output_audio_tokens), SUM(total_tokens), SUM(unmeasured), SUM(partial), SUM(estimated),
       SUM(unpriced), SUM(cost_input), SUM(cost_output), SUM(cost_cache), SUM(cost_other), SUM(cost_total),
       SUM(succeeded_tokens), SUM(succeeded_us), MAX(last_at)
  FROM (SELECT bucket - (EXTRACT(DAY FROM bucket)::int - 1) AS bucket, key_hash,
               organization, user_id, customer_id, category, provider, model, currency, calls, operations,
               tool_turns, succeeded, errors, cancelled, refused, input_tokens, output_tokens,
               cache_read_tokens, cache_write_tokens, cache_write_one_hour_tokens, reasoning_tokens,
               input_audio_tokens, output_audio_tokens, total_tokens, unmeasured, partial, estimated,
               unpriced, cost_input, cost_output, cost_cache, cost_other, cost_total, succeeded_tokens,
               succeeded_us, last_at
          FROM ${prefix}rollup
         WHERE grain = 'D') d
 GROUP BY bucket, key_hash, organization, user_id, customer_id, category, provider, model, currency;

INSERT INTO ${prefix}horizon (scope, organization, raw_from) VALUES ('A', '', '1970-01-01 00:00:00+00');

INSERT INTO ${prefix}schema (version, script, applied_at)
  VALUES (2, 'V2__rollup.sql', CURRENT_TIMESTAMP);

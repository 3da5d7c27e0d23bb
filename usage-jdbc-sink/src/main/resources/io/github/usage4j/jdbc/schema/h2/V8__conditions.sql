-- Usage4j, schema version 8 for H2: conditions of the price and the audio part of cache reads. Rows that are there have
-- none, which is NULL, so no sum changes. Replace ${prefix} (by default usage_). No instance of an older
-- version may run meanwhile or afterwards: it would price and archive calls without their conditions.
-- Every statement may be repeated until the last one has run, because H2 commits each one; never two at once, and never
-- again afterwards, when there are calls with conditions: they would lose them.
--
-- The three tables are copied into new ones, as ALTER TABLE ... ADD COLUMN would do by itself: where IGNORECASE is on it makes
-- VARCHAR_IGNORECASE of every VARCHAR_CASESENSITIVE while it copies. What was granted on them is to be granted again.

CREATE TABLE IF NOT EXISTS ${prefix}event_8 (
  id                          UUID NOT NULL,
  operation_id                VARCHAR_CASESENSITIVE NOT NULL,
  parent_operation_id         VARCHAR_CASESENSITIVE,
  step                        INTEGER NOT NULL,
  attempts                    INTEGER NOT NULL,
  opens_operation             BOOLEAN NOT NULL,
  kind                        VARCHAR_CASESENSITIVE NOT NULL,
  streaming                   BOOLEAN NOT NULL,
  occurred_at                 TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  utc_day                     DATE NOT NULL,
  recorded_at                 TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  duration_us                 BIGINT NOT NULL,
  time_to_first_token_us      BIGINT,
  provider                    VARCHAR_CASESENSITIVE NOT NULL,
  request_model               VARCHAR_CASESENSITIVE NOT NULL,
  response_model              VARCHAR_CASESENSITIVE,
  model                       VARCHAR_CASESENSITIVE NOT NULL,
  response_id                 VARCHAR_CASESENSITIVE,
  service_tier                VARCHAR_CASESENSITIVE,
  credential_id               VARCHAR_CASESENSITIVE,
  outcome                     VARCHAR_CASESENSITIVE NOT NULL,
  error_type                  VARCHAR_CASESENSITIVE,
  error_message               VARCHAR_CASESENSITIVE,
  finish_reason               VARCHAR_CASESENSITIVE,
  tool_calls                  INTEGER NOT NULL,
  input_tokens                BIGINT,
  output_tokens               BIGINT,
  cache_read_tokens           BIGINT,
  cache_write_tokens          BIGINT,
  cache_write_one_hour_tokens BIGINT,
  reasoning_tokens            BIGINT,
  input_audio_tokens          BIGINT,
  output_audio_tokens         BIGINT,
  cache_read_audio_tokens     BIGINT,
  total_tokens                BIGINT,
  stated_tokens               VARCHAR_CASESENSITIVE,
  quality                     VARCHAR_CASESENSITIVE NOT NULL,
  source                      VARCHAR_CASESENSITIVE,
  units                       VARCHAR_CASESENSITIVE,
  conditions                  VARCHAR_CASESENSITIVE,
  organization                VARCHAR_CASESENSITIVE,
  user_id                     VARCHAR_CASESENSITIVE,
  customer_id                 VARCHAR_CASESENSITIVE,
  session_id                  VARCHAR_CASESENSITIVE,
  category                    VARCHAR_CASESENSITIVE,
  impersonated                BOOLEAN NOT NULL,
  tags                        VARCHAR_CASESENSITIVE,
  cost_input                  DECIMAL(38,18),
  cost_output                 DECIMAL(38,18),
  cost_cache                  DECIMAL(38,18),
  cost_other                  DECIMAL(38,18),
  cost_total                  DECIMAL(38,18),
  currency                    VARCHAR_CASESENSITIVE,
  price_reference             VARCHAR_CASESENSITIVE,
  stated_cost                 DECIMAL(38,18),
  stated_currency             VARCHAR_CASESENSITIVE,
  stated_cost_detail          VARCHAR_CASESENSITIVE,
  metadata                    VARCHAR_CASESENSITIVE,
  instance                    VARCHAR_CASESENSITIVE,
  PRIMARY KEY (id)
);

-- Only after a run that was cut off in between.
CREATE TABLE IF NOT EXISTS ${prefix}event AS SELECT * FROM ${prefix}event_8 WHERE 1 = 0;

INSERT INTO ${prefix}event_8 (
  id, operation_id, parent_operation_id, step, attempts, opens_operation, kind, streaming, occurred_at,
  utc_day, recorded_at, duration_us, time_to_first_token_us, provider, request_model, response_model, model,
  response_id, service_tier, credential_id, outcome, error_type, error_message, finish_reason, tool_calls,
  input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cache_write_one_hour_tokens,
  reasoning_tokens, input_audio_tokens, output_audio_tokens, total_tokens, stated_tokens, quality, source,
  units, organization, user_id, customer_id, session_id, category, impersonated, tags, cost_input,
  cost_output, cost_cache, cost_other, cost_total, currency, price_reference, stated_cost, stated_currency,
  stated_cost_detail, metadata, instance)
SELECT
  id, operation_id, parent_operation_id, step, attempts, opens_operation, kind, streaming, occurred_at,
  utc_day, recorded_at, duration_us, time_to_first_token_us, provider, request_model, response_model, model,
  response_id, service_tier, credential_id, outcome, error_type, error_message, finish_reason, tool_calls,
  input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cache_write_one_hour_tokens,
  reasoning_tokens, input_audio_tokens, output_audio_tokens, total_tokens, stated_tokens, quality, source,
  units, organization, user_id, customer_id, session_id, category, impersonated, tags, cost_input,
  cost_output, cost_cache, cost_other, cost_total, currency, price_reference, stated_cost, stated_currency,
  stated_cost_detail, metadata, instance
  FROM ${prefix}event o WHERE NOT EXISTS (SELECT 1 FROM ${prefix}event_8 n WHERE n.id = o.id);

DROP VIEW IF EXISTS ${prefix}operation;
DROP TABLE ${prefix}event;
ALTER TABLE ${prefix}event_8 RENAME TO ${prefix}event;

COMMENT ON TABLE ${prefix}event IS 'One row for each model call that ended. Holds no prompt and no answer.';
COMMENT ON COLUMN ${prefix}event.id IS 'Tells this call from every other; the same id delivered again is the same call';
COMMENT ON COLUMN ${prefix}event.operation_id IS 'The user request that this call is a step of';
COMMENT ON COLUMN ${prefix}event.parent_operation_id IS 'The operation inside which that operation began';
COMMENT ON COLUMN ${prefix}event.step IS 'Which call of its operation this is, from 1';
COMMENT ON COLUMN ${prefix}event.attempts IS 'How many exchanges with the provider were summed into this call';
COMMENT ON COLUMN ${prefix}event.opens_operation IS 'Whether operations are counted by this call: the first one of its operation';
COMMENT ON COLUMN ${prefix}event.kind IS 'CHAT, COMPLETION, EMBEDDING, RERANK, MODERATION, IMAGE, TRANSCRIPTION or SPEECH';
COMMENT ON COLUMN ${prefix}event.streaming IS 'Whether the answer came in pieces';
COMMENT ON COLUMN ${prefix}event.occurred_at IS 'When the call started, cut to microseconds; it alone decides day and month';
COMMENT ON COLUMN ${prefix}event.utc_day IS 'The day of occurred_at in UTC, computed by the writer';
COMMENT ON COLUMN ${prefix}event.recorded_at IS 'When the row was written, by the clock of the writer';
COMMENT ON COLUMN ${prefix}event.duration_us IS 'From start to end, in microseconds';
COMMENT ON COLUMN ${prefix}event.time_to_first_token_us IS 'From start to the first piece of a streamed answer, in microseconds';
COMMENT ON COLUMN ${prefix}event.provider IS 'Who serves the model, as in gen_ai.provider.name';
COMMENT ON COLUMN ${prefix}event.request_model IS 'The model asked for; empty if unknown';
COMMENT ON COLUMN ${prefix}event.response_model IS 'The model that answered';
COMMENT ON COLUMN ${prefix}event.model IS 'response_model, else request_model';
COMMENT ON COLUMN ${prefix}event.response_id IS 'The id the provider gave its answer';
COMMENT ON COLUMN ${prefix}event.service_tier IS 'Batch, flex, priority or whatever the provider calls it';
COMMENT ON COLUMN ${prefix}event.credential_id IS 'Which API key was used: a hash or a name, never the key';
COMMENT ON COLUMN ${prefix}event.outcome IS 'SUCCESS, ERROR, CANCELLED or REFUSED (by a limit; such a call used nothing)';
COMMENT ON COLUMN ${prefix}event.error_type IS 'The class of the error';
COMMENT ON COLUMN ${prefix}event.error_message IS 'What the error said, cut; only where the host asks for it';
COMMENT ON COLUMN ${prefix}event.finish_reason IS 'Why the model stopped';
COMMENT ON COLUMN ${prefix}event.tool_calls IS 'How many tool calls the answer asks for';
COMMENT ON COLUMN ${prefix}event.input_tokens IS 'All input tokens, cache reads and writes included; NULL is unknown, never 0';
COMMENT ON COLUMN ${prefix}event.output_tokens IS 'All output tokens, reasoning included';
COMMENT ON COLUMN ${prefix}event.cache_read_tokens IS 'The part of input_tokens that was read from a cache';
COMMENT ON COLUMN ${prefix}event.cache_write_tokens IS 'The part of input_tokens that was written to a cache';
COMMENT ON COLUMN ${prefix}event.cache_write_one_hour_tokens IS 'The part of cache_write_tokens that was written for one hour';
COMMENT ON COLUMN ${prefix}event.reasoning_tokens IS 'The part of output_tokens that is hidden reasoning';
COMMENT ON COLUMN ${prefix}event.input_audio_tokens IS 'The part of input_tokens that is audio';
COMMENT ON COLUMN ${prefix}event.output_audio_tokens IS 'The part of output_tokens that is audio';
COMMENT ON COLUMN ${prefix}event.cache_read_audio_tokens IS 'The part of cache_read_tokens that is audio, and so of input_audio_tokens';
COMMENT ON COLUMN ${prefix}event.total_tokens IS 'input_tokens plus output_tokens; NULL if both are unknown';
COMMENT ON COLUMN ${prefix}event.stated_tokens IS 'JSON object: what the provider stated, where that contradicts itself';
COMMENT ON COLUMN ${prefix}event.quality IS 'How well the tokens are known: REPORTED, PARTIAL, ESTIMATED or MISSING';
COMMENT ON COLUMN ${prefix}event.source IS 'Where the figures come from: WIRE, RAW_METADATA, CLIENT or HOST';
COMMENT ON COLUMN ${prefix}event.units IS 'JSON object: what is charged apart from tokens, amount by unit; NULL if nothing is';
COMMENT ON COLUMN ${prefix}event.conditions IS 'JSON object: what changes the price beside the service tier, such as speed, value by name; NULL if nothing does';
COMMENT ON COLUMN ${prefix}event.organization IS 'The tenant that the usage is billed to; NULL is unattributed';
COMMENT ON COLUMN ${prefix}event.user_id IS 'The actor who was really logged in';
COMMENT ON COLUMN ${prefix}event.customer_id IS 'The customer whose data was viewed, for audit';
COMMENT ON COLUMN ${prefix}event.session_id IS 'Groups the operations of one conversation';
COMMENT ON COLUMN ${prefix}event.category IS 'Feature or request type';
COMMENT ON COLUMN ${prefix}event.impersonated IS 'Whether the user acted on behalf of somebody else';
COMMENT ON COLUMN ${prefix}event.tags IS 'JSON object: free keys and values; NULL if there are none';
COMMENT ON COLUMN ${prefix}event.cost_input IS 'What the uncached input cost; the four parts and the total are NULL if there is no price';
COMMENT ON COLUMN ${prefix}event.cost_output IS 'What the output cost';
COMMENT ON COLUMN ${prefix}event.cost_cache IS 'What cache reads and writes cost';
COMMENT ON COLUMN ${prefix}event.cost_other IS 'What is charged apart from tokens cost';
COMMENT ON COLUMN ${prefix}event.cost_total IS 'The sum of the four parts';
COMMENT ON COLUMN ${prefix}event.currency IS 'ISO 4217 code of the cost; NULL if there is no price';
COMMENT ON COLUMN ${prefix}event.price_reference IS 'Which price was applied';
COMMENT ON COLUMN ${prefix}event.stated_cost IS 'What the provider itself says the call costs';
COMMENT ON COLUMN ${prefix}event.stated_currency IS 'ISO 4217 code of stated_cost';
COMMENT ON COLUMN ${prefix}event.stated_cost_detail IS 'JSON object: the parts of stated_cost, where more than the sum is stated';
COMMENT ON COLUMN ${prefix}event.metadata IS 'JSON object of the host';
COMMENT ON COLUMN ${prefix}event.instance IS 'Which instance of the application made the call';

CREATE INDEX IF NOT EXISTS ${prefix}event_by_organization ON ${prefix}event (organization, occurred_at, id);
CREATE INDEX IF NOT EXISTS ${prefix}event_by_user ON ${prefix}event (organization, user_id, occurred_at);
CREATE INDEX IF NOT EXISTS ${prefix}event_by_customer ON ${prefix}event (organization, customer_id, occurred_at);
CREATE INDEX IF NOT EXISTS ${prefix}event_by_session ON ${prefix}event (organization, session_id);
CREATE INDEX IF NOT EXISTS ${prefix}event_by_operation ON ${prefix}event (operation_id);
CREATE INDEX IF NOT EXISTS ${prefix}event_by_recorded_at ON ${prefix}event (recorded_at);

CREATE TABLE IF NOT EXISTS ${prefix}rollup_8 (
  grain                       VARCHAR_CASESENSITIVE NOT NULL,
  bucket                      DATE NOT NULL,
  key_hash                    UUID NOT NULL,
  organization                VARCHAR_CASESENSITIVE NOT NULL,
  user_id                     VARCHAR_CASESENSITIVE NOT NULL,
  customer_id                 VARCHAR_CASESENSITIVE NOT NULL,
  category                    VARCHAR_CASESENSITIVE NOT NULL,
  provider                    VARCHAR_CASESENSITIVE NOT NULL,
  model                       VARCHAR_CASESENSITIVE NOT NULL,
  currency                    VARCHAR_CASESENSITIVE NOT NULL,
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
  cache_read_audio_tokens     BIGINT,
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
  PRIMARY KEY (grain, bucket, key_hash)
);

-- See above.
CREATE TABLE IF NOT EXISTS ${prefix}rollup AS SELECT * FROM ${prefix}rollup_8 WHERE 1 = 0;

INSERT INTO ${prefix}rollup_8 (
  grain, bucket, key_hash, organization, user_id, customer_id, category, provider, model, currency, calls,
  operations, tool_turns, succeeded, errors, cancelled, refused, input_tokens, output_tokens,
  cache_read_tokens, cache_write_tokens, cache_write_one_hour_tokens, reasoning_tokens, input_audio_tokens,
  output_audio_tokens, total_tokens, unmeasured, partial, estimated, unpriced, cost_input, cost_output,
  cost_cache, cost_other, cost_total, succeeded_tokens, succeeded_us, last_at)
SELECT
  grain, bucket, key_hash, organization, user_id, customer_id, category, provider, model, currency, calls,
  operations, tool_turns, succeeded, errors, cancelled, refused, input_tokens, output_tokens,
  cache_read_tokens, cache_write_tokens, cache_write_one_hour_tokens, reasoning_tokens, input_audio_tokens,
  output_audio_tokens, total_tokens, unmeasured, partial, estimated, unpriced, cost_input, cost_output,
  cost_cache, cost_other, cost_total, succeeded_tokens, succeeded_us, last_at
  FROM ${prefix}rollup o WHERE NOT EXISTS (SELECT 1 FROM ${prefix}rollup_8 n WHERE n.grain = o.grain AND n.bucket = o.bucket AND n.key_hash = o.key_hash);

DROP TABLE ${prefix}rollup;
ALTER TABLE ${prefix}rollup_8 RENAME TO ${prefix}rollup;

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
COMMENT ON COLUMN ${prefix}rollup.cache_read_audio_tokens IS 'The part of cache_read_tokens that is audio, and so of input_audio_tokens';
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

CREATE INDEX IF NOT EXISTS ${prefix}rollup_by_organization ON ${prefix}rollup (grain, organization, bucket);

CREATE TABLE IF NOT EXISTS ${prefix}organization_rollup_8 (
  grain                       VARCHAR_CASESENSITIVE NOT NULL,
  bucket                      DATE NOT NULL,
  key_hash                    UUID NOT NULL,
  organization                VARCHAR_CASESENSITIVE NOT NULL,
  user_id                     VARCHAR_CASESENSITIVE NOT NULL,
  customer_id                 VARCHAR_CASESENSITIVE NOT NULL,
  category                    VARCHAR_CASESENSITIVE NOT NULL,
  provider                    VARCHAR_CASESENSITIVE NOT NULL,
  model                       VARCHAR_CASESENSITIVE NOT NULL,
  currency                    VARCHAR_CASESENSITIVE NOT NULL,
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
  cache_read_audio_tokens     BIGINT,
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
  PRIMARY KEY (grain, bucket, key_hash)
);

-- See above.
CREATE TABLE IF NOT EXISTS ${prefix}organization_rollup AS SELECT * FROM ${prefix}organization_rollup_8 WHERE 1 = 0;

INSERT INTO ${prefix}organization_rollup_8 (
  grain, bucket, key_hash, organization, user_id, customer_id, category, provider, model, currency, calls,
  operations, tool_turns, succeeded, errors, cancelled, refused, input_tokens, output_tokens,
  cache_read_tokens, cache_write_tokens, cache_write_one_hour_tokens, reasoning_tokens, input_audio_tokens,
  output_audio_tokens, total_tokens, unmeasured, partial, estimated, unpriced, cost_input, cost_output,
  cost_cache, cost_other, cost_total, succeeded_tokens, succeeded_us, last_at)
SELECT
  grain, bucket, key_hash, organization, user_id, customer_id, category, provider, model, currency, calls,
  operations, tool_turns, succeeded, errors, cancelled, refused, input_tokens, output_tokens,
  cache_read_tokens, cache_write_tokens, cache_write_one_hour_tokens, reasoning_tokens, input_audio_tokens,
  output_audio_tokens, total_tokens, unmeasured, partial, estimated, unpriced, cost_input, cost_output,
  cost_cache, cost_other, cost_total, succeeded_tokens, succeeded_us, last_at
  FROM ${prefix}organization_rollup o WHERE NOT EXISTS (SELECT 1 FROM ${prefix}organization_rollup_8 n WHERE n.grain = o.grain AND n.bucket = o.bucket AND n.key_hash = o.key_hash);

DROP TABLE ${prefix}organization_rollup;
ALTER TABLE ${prefix}organization_rollup_8 RENAME TO ${prefix}organization_rollup;

COMMENT ON TABLE ${prefix}organization_rollup IS 'What the rows of ${prefix}rollup add up to over all users and customers of an organization. Written in one transaction with them.';
COMMENT ON COLUMN ${prefix}organization_rollup.grain IS 'D is a UTC day, M a calendar month';
COMMENT ON COLUMN ${prefix}organization_rollup.bucket IS 'The day, or the first day of the month';
COMMENT ON COLUMN ${prefix}organization_rollup.key_hash IS 'First 16 bytes of SHA-256 over the seven names that follow, each as length in UTF-8, colon, text';
COMMENT ON COLUMN ${prefix}organization_rollup.organization IS 'The tenant; empty is unattributed, as in the other names';
COMMENT ON COLUMN ${prefix}organization_rollup.user_id IS 'Always empty';
COMMENT ON COLUMN ${prefix}organization_rollup.customer_id IS 'Always empty';
COMMENT ON COLUMN ${prefix}organization_rollup.category IS 'Feature or request type';
COMMENT ON COLUMN ${prefix}organization_rollup.provider IS 'Who serves the model';
COMMENT ON COLUMN ${prefix}organization_rollup.model IS 'The model that answered, else the one asked for; empty if unknown';
COMMENT ON COLUMN ${prefix}organization_rollup.currency IS 'ISO 4217 code of the costs; XXX is unpriced';
COMMENT ON COLUMN ${prefix}organization_rollup.calls IS 'Calls that were not refused';
COMMENT ON COLUMN ${prefix}organization_rollup.operations IS 'User requests that began among these calls';
COMMENT ON COLUMN ${prefix}organization_rollup.tool_turns IS 'Calls whose answer asked for tools';
COMMENT ON COLUMN ${prefix}organization_rollup.succeeded IS 'Calls that were answered: calls less errors and cancelled';
COMMENT ON COLUMN ${prefix}organization_rollup.errors IS 'Calls that failed';
COMMENT ON COLUMN ${prefix}organization_rollup.cancelled IS 'Calls that were stopped by the caller';
COMMENT ON COLUMN ${prefix}organization_rollup.refused IS 'Calls that a limit did not let start; not among calls';
COMMENT ON COLUMN ${prefix}organization_rollup.input_tokens IS 'Sum of what is known; NULL if nothing is known, as in the other token columns';
COMMENT ON COLUMN ${prefix}organization_rollup.output_tokens IS 'All output tokens, reasoning included';
COMMENT ON COLUMN ${prefix}organization_rollup.cache_read_tokens IS 'The part of input_tokens that was read from a cache';
COMMENT ON COLUMN ${prefix}organization_rollup.cache_write_tokens IS 'The part of input_tokens that was written to a cache';
COMMENT ON COLUMN ${prefix}organization_rollup.cache_write_one_hour_tokens IS 'The part of cache_write_tokens that was written for one hour';
COMMENT ON COLUMN ${prefix}organization_rollup.reasoning_tokens IS 'The part of output_tokens that is hidden reasoning';
COMMENT ON COLUMN ${prefix}organization_rollup.input_audio_tokens IS 'The part of input_tokens that is audio';
COMMENT ON COLUMN ${prefix}organization_rollup.output_audio_tokens IS 'The part of output_tokens that is audio';
COMMENT ON COLUMN ${prefix}organization_rollup.cache_read_audio_tokens IS 'The part of cache_read_tokens that is audio, and so of input_audio_tokens';
COMMENT ON COLUMN ${prefix}organization_rollup.total_tokens IS 'input_tokens plus output_tokens; NULL if both are unknown';
COMMENT ON COLUMN ${prefix}organization_rollup.unmeasured IS 'Calls that were answered or cut short and stated no figure at all';
COMMENT ON COLUMN ${prefix}organization_rollup.partial IS 'Calls of which some figures are missing or contradictory';
COMMENT ON COLUMN ${prefix}organization_rollup.estimated IS 'Calls whose figures were estimated';
COMMENT ON COLUMN ${prefix}organization_rollup.unpriced IS 'Calls that used something and have no price';
COMMENT ON COLUMN ${prefix}organization_rollup.cost_input IS 'What the uncached input cost, in currency; 0 in all five where the currency is XXX';
COMMENT ON COLUMN ${prefix}organization_rollup.cost_output IS 'What the output cost';
COMMENT ON COLUMN ${prefix}organization_rollup.cost_cache IS 'What cache reads and writes cost';
COMMENT ON COLUMN ${prefix}organization_rollup.cost_other IS 'What is charged apart from tokens cost';
COMMENT ON COLUMN ${prefix}organization_rollup.cost_total IS 'The sum of the four parts';
COMMENT ON COLUMN ${prefix}organization_rollup.succeeded_tokens IS 'total_tokens of the calls that succeeded, for averages';
COMMENT ON COLUMN ${prefix}organization_rollup.succeeded_us IS 'How long the calls that succeeded took together, in microseconds';
COMMENT ON COLUMN ${prefix}organization_rollup.last_at IS 'When the last of the calls started';

CREATE INDEX IF NOT EXISTS ${prefix}organization_rollup_by_organization ON ${prefix}organization_rollup (grain, organization, bucket);

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

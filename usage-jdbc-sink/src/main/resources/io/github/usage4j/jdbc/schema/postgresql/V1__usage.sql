-- Usage4j, schema version 1 for PostgreSQL. Applied by JdbcUsageStore, or by hand or Flyway after replacing
-- ${prefix} (by default usage_). Never edited once released: later versions are later files.
-- COLLATE "C" compares byte by byte, so that Acme and acme are two organizations everywhere.
-- For a partition of each month take "-- by month: " away, here and in V3; only in a database without these tables.

CREATE TABLE ${prefix}event (
  id                          UUID NOT NULL,
  operation_id                TEXT COLLATE "C" NOT NULL,
  parent_operation_id         TEXT COLLATE "C",
  step                        INTEGER NOT NULL,
  attempts                    INTEGER NOT NULL,
  opens_operation             BOOLEAN NOT NULL,
  kind                        TEXT COLLATE "C" NOT NULL,
  streaming                   BOOLEAN NOT NULL,
  occurred_at                 TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  utc_day                     DATE NOT NULL,
  recorded_at                 TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  duration_us                 BIGINT NOT NULL,
  time_to_first_token_us      BIGINT,
  provider                    TEXT COLLATE "C" NOT NULL,
  request_model               TEXT COLLATE "C" NOT NULL,
  response_model              TEXT COLLATE "C",
  model                       TEXT COLLATE "C" NOT NULL,
  response_id                 TEXT,
  service_tier                TEXT,
  credential_id               TEXT,
  outcome                     TEXT COLLATE "C" NOT NULL,
  error_type                  TEXT,
  error_message               TEXT,
  finish_reason               TEXT,
  tool_calls                  INTEGER NOT NULL,
  input_tokens                BIGINT,
  output_tokens               BIGINT,
  cache_read_tokens           BIGINT,
  cache_write_tokens          BIGINT,
  cache_write_one_hour_tokens BIGINT,
  reasoning_tokens            BIGINT,
  input_audio_tokens          BIGINT,
  output_audio_tokens         BIGINT,
  total_tokens                BIGINT,
  stated_tokens               TEXT,
  quality                     TEXT COLLATE "C" NOT NULL,
  source                      TEXT COLLATE "C",
  units                       TEXT,
  organization                TEXT COLLATE "C",
  user_id                     TEXT COLLATE "C",
  customer_id                 TEXT COLLATE "C",
  session_id                  TEXT COLLATE "C",
  category                    TEXT COLLATE "C",
  impersonated                BOOLEAN NOT NULL,
  tags                        TEXT,
  cost_input                  DECIMAL(38,18),
  cost_output                 DECIMAL(38,18),
  cost_cache                  DECIMAL(38,18),
  cost_other                  DECIMAL(38,18),
  cost_total                  DECIMAL(38,18),
  currency                    TEXT COLLATE "C",
  price_reference             TEXT COLLATE "C",
  stated_cost                 DECIMAL(38,18),
  stated_currency             TEXT COLLATE "C",
  stated_cost_detail          TEXT,
  metadata                    TEXT,
  instance                    TEXT,
  PRIMARY KEY (id)
)
-- by month: PARTITION BY RANGE (id)
;
-- by month: CREATE TABLE ${prefix}event_other PARTITION OF ${prefix}event DEFAULT;

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
COMMENT ON COLUMN ${prefix}event.total_tokens IS 'input_tokens plus output_tokens; NULL if both are unknown';
COMMENT ON COLUMN ${prefix}event.stated_tokens IS 'JSON object: what the provider stated, where that contradicts itself';
COMMENT ON COLUMN ${prefix}event.quality IS 'How well the tokens are known: REPORTED, PARTIAL, ESTIMATED or MISSING';
COMMENT ON COLUMN ${prefix}event.source IS 'Where the figures come from: WIRE, RAW_METADATA, CLIENT or HOST';
COMMENT ON COLUMN ${prefix}event.units IS 'JSON object: what is charged apart from tokens, amount by unit; NULL if nothing is';
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

CREATE INDEX ${prefix}event_by_organization ON ${prefix}event (organization, occurred_at, id);
CREATE INDEX ${prefix}event_by_user ON ${prefix}event (organization, user_id, occurred_at);
CREATE INDEX ${prefix}event_by_customer ON ${prefix}event (organization, customer_id, occurred_at);
CREATE INDEX ${prefix}event_by_session ON ${prefix}event (organization, session_id);
CREATE INDEX ${prefix}event_by_operation ON ${prefix}event (operation_id);
CREATE INDEX ${prefix}event_by_recorded_at ON ${prefix}event (recorded_at);

CREATE TABLE ${prefix}label (
  organization TEXT COLLATE "C" NOT NULL,
  kind         TEXT COLLATE "C" NOT NULL,
  id           TEXT COLLATE "C" NOT NULL,
  label        TEXT NOT NULL,
  seen_on      DATE NOT NULL,
  PRIMARY KEY (organization, kind, id)
);

COMMENT ON TABLE ${prefix}label IS 'How to show users and customers. The only place where labels are kept.';
COMMENT ON COLUMN ${prefix}label.organization IS 'The tenant; empty if unattributed';
COMMENT ON COLUMN ${prefix}label.kind IS 'USER or CUSTOMER';
COMMENT ON COLUMN ${prefix}label.id IS 'user_id or customer_id';
COMMENT ON COLUMN ${prefix}label.label IS 'How to show it; the one of the latest day wins';
COMMENT ON COLUMN ${prefix}label.seen_on IS 'The UTC day of the latest call that carried the label';

CREATE TABLE ${prefix}schema (
  version    INTEGER NOT NULL,
  script     TEXT NOT NULL,
  applied_at TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  PRIMARY KEY (version)
);

COMMENT ON TABLE ${prefix}schema IS 'Which versions of this schema were applied. The greatest one counts.';
COMMENT ON COLUMN ${prefix}schema.version IS 'How many scripts were applied, this one included';
COMMENT ON COLUMN ${prefix}schema.script IS 'The file that made this version';
COMMENT ON COLUMN ${prefix}schema.applied_at IS 'When, by the clock of the database; for people only';

INSERT INTO ${prefix}schema (version, script, applied_at)
  VALUES (1, 'V1__usage.sql', CURRENT_TIMESTAMP);

-- Usage4j, schema version 1 for MariaDB 10.11 and newer. Applied by JdbcUsageStore, or by hand or Flyway after
-- replacing ${prefix} (by default usage_). Never edited once released: later versions are later files.
-- Every statement may be repeated, because MariaDB commits each one, and ends with a semicolon at the end of a line.
-- utf8mb4_nopad_bin compares byte by byte, trailing blanks included. Lengths are the ones that events are checked
-- for. Times are in UTC. An id is text and not of type UUID, which sorts by version and refuses some ids.

CREATE TABLE IF NOT EXISTS ${prefix}event (
  id                          CHAR(36) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL COMMENT 'Tells this call from every other; the same id delivered again is the same call',
  operation_id                VARCHAR(128) NOT NULL COMMENT 'The user request that this call is a step of',
  parent_operation_id         VARCHAR(128) COMMENT 'The operation inside which that operation began',
  step                        INTEGER NOT NULL COMMENT 'Which call of its operation this is, from 1',
  attempts                    INTEGER NOT NULL COMMENT 'How many exchanges with the provider were summed into this call',
  opens_operation             BOOLEAN NOT NULL COMMENT 'Whether operations are counted by this call: the first one of its operation',
  kind                        VARCHAR(20) NOT NULL COMMENT 'CHAT, COMPLETION, EMBEDDING, RERANK, MODERATION, IMAGE, TRANSCRIPTION or SPEECH',
  streaming                   BOOLEAN NOT NULL COMMENT 'Whether the answer came in pieces',
  occurred_at                 DATETIME(6) NOT NULL COMMENT 'When the call started, cut to microseconds; it alone decides day and month',
  utc_day                     DATE NOT NULL COMMENT 'The day of occurred_at in UTC, computed by the writer',
  recorded_at                 DATETIME(6) NOT NULL COMMENT 'When the row was written, by the clock of the writer',
  duration_us                 BIGINT NOT NULL COMMENT 'From start to end, in microseconds',
  time_to_first_token_us      BIGINT COMMENT 'From start to the first piece of a streamed answer, in microseconds',
  provider                    VARCHAR(256) NOT NULL COMMENT 'Who serves the model, as in gen_ai.provider.name',
  request_model               VARCHAR(256) NOT NULL COMMENT 'The model asked for; empty if unknown',
  response_model              VARCHAR(256) COMMENT 'The model that answered',
  model                       VARCHAR(256) NOT NULL COMMENT 'response_model, else request_model',
  response_id                 VARCHAR(256) COMMENT 'The id the provider gave its answer',
  service_tier                VARCHAR(256) COMMENT 'Batch, flex, priority or whatever the provider calls it',
  credential_id               VARCHAR(256) COMMENT 'Which API key was used: a hash or a name, never the key',
  outcome                     VARCHAR(20) NOT NULL COMMENT 'SUCCESS, ERROR, CANCELLED or REFUSED (by a limit; such a call used nothing)',
  error_type                  VARCHAR(256) COMMENT 'The class of the error',
  error_message               VARCHAR(500) COMMENT 'What the error said, cut; only where the host asks for it',
  finish_reason               VARCHAR(256) COMMENT 'Why the model stopped',
  tool_calls                  INTEGER NOT NULL COMMENT 'How many tool calls the answer asks for',
  input_tokens                BIGINT COMMENT 'All input tokens, cache reads and writes included; NULL is unknown, never 0',
  output_tokens               BIGINT COMMENT 'All output tokens, reasoning included',
  cache_read_tokens           BIGINT COMMENT 'The part of input_tokens that was read from a cache',
  cache_write_tokens          BIGINT COMMENT 'The part of input_tokens that was written to a cache',
  cache_write_one_hour_tokens BIGINT COMMENT 'The part of cache_write_tokens that was written for one hour',
  reasoning_tokens            BIGINT COMMENT 'The part of output_tokens that is hidden reasoning',
  input_audio_tokens          BIGINT COMMENT 'The part of input_tokens that is audio',
  output_audio_tokens         BIGINT COMMENT 'The part of output_tokens that is audio',
  total_tokens                BIGINT COMMENT 'input_tokens plus output_tokens; NULL if both are unknown',
  stated_tokens               TEXT COMMENT 'JSON object: what the provider stated, where that contradicts itself',
  quality                     VARCHAR(20) NOT NULL COMMENT 'How well the tokens are known: REPORTED, PARTIAL, ESTIMATED or MISSING',
  source                      VARCHAR(20) COMMENT 'Where the figures come from: WIRE, RAW_METADATA, CLIENT or HOST',
  units                       MEDIUMTEXT COMMENT 'JSON object: what is charged apart from tokens, amount by unit; NULL if nothing is',
  organization                VARCHAR(128) COMMENT 'The tenant that the usage is billed to; NULL is unattributed',
  user_id                     VARCHAR(128) COMMENT 'The actor who was really logged in',
  customer_id                 VARCHAR(128) COMMENT 'The customer whose data was viewed, for audit',
  session_id                  VARCHAR(128) COMMENT 'Groups the operations of one conversation',
  category                    VARCHAR(128) COMMENT 'Feature or request type',
  impersonated                BOOLEAN NOT NULL COMMENT 'Whether the user acted on behalf of somebody else',
  tags                        TEXT COMMENT 'JSON object: free keys and values; NULL if there are none',
  cost_input                  DECIMAL(38,18) COMMENT 'What the uncached input cost; the four parts and the total are NULL if there is no price',
  cost_output                 DECIMAL(38,18) COMMENT 'What the output cost',
  cost_cache                  DECIMAL(38,18) COMMENT 'What cache reads and writes cost',
  cost_other                  DECIMAL(38,18) COMMENT 'What is charged apart from tokens cost',
  cost_total                  DECIMAL(38,18) COMMENT 'The sum of the four parts',
  currency                    VARCHAR(3) COMMENT 'ISO 4217 code of the cost; NULL if there is no price',
  price_reference             VARCHAR(512) COMMENT 'Which price was applied',
  stated_cost                 DECIMAL(38,18) COMMENT 'What the provider itself says the call costs',
  stated_currency             VARCHAR(3) COMMENT 'ISO 4217 code of stated_cost',
  stated_cost_detail          TEXT COMMENT 'JSON object: the parts of stated_cost, where more than the sum is stated',
  metadata                    TEXT COMMENT 'JSON object of the host',
  instance                    VARCHAR(256) COMMENT 'Which instance of the application made the call',
  PRIMARY KEY (id),
  INDEX ${prefix}event_by_organization (organization, occurred_at, id),
  INDEX ${prefix}event_by_user (organization, user_id, occurred_at),
  INDEX ${prefix}event_by_customer (organization, customer_id, occurred_at),
  INDEX ${prefix}event_by_session (organization, session_id),
  INDEX ${prefix}event_by_operation (operation_id),
  INDEX ${prefix}event_by_recorded_at (recorded_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin ROW_FORMAT = DYNAMIC
  COMMENT = 'One row for each model call that ended. Holds no prompt and no answer.';

CREATE TABLE IF NOT EXISTS ${prefix}label (
  organization VARCHAR(128) NOT NULL COMMENT 'The tenant; empty if unattributed',
  kind         VARCHAR(20) NOT NULL COMMENT 'USER or CUSTOMER',
  id           VARCHAR(128) NOT NULL COMMENT 'user_id or customer_id',
  label        VARCHAR(256) NOT NULL COMMENT 'How to show it; the one of the latest day wins',
  seen_on      DATE NOT NULL COMMENT 'The UTC day of the latest call that carried the label',
  PRIMARY KEY (organization, kind, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin ROW_FORMAT = DYNAMIC
  COMMENT = 'How to show users and customers. The only place where labels are kept.';

CREATE TABLE IF NOT EXISTS ${prefix}schema (
  version    INTEGER NOT NULL COMMENT 'How many scripts were applied, this one included',
  script     VARCHAR(256) NOT NULL COMMENT 'The file that made this version',
  applied_at DATETIME(6) NOT NULL COMMENT 'When, by the clock of the database; for people only',
  PRIMARY KEY (version)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin ROW_FORMAT = DYNAMIC
  COMMENT = 'Which versions of this schema were applied. The greatest one counts.';

INSERT INTO ${prefix}schema (version, script, applied_at)
  VALUES (1, 'V1__usage.sql', UTC_TIMESTAMP(6))
  ON DUPLICATE KEY UPDATE version = version;

-- Usage4j, schema version 7 for MariaDB: rollups of whole organizations, which are built here from those that tell
-- users and customers apart: a month of an organization is read from a hundredth of the rows. Replace ${prefix} (by
-- default usage_). No instance of an older version may write meanwhile or afterwards.
-- Every statement may be repeated, because DDL commits. By hand: the DELETE and the INSERTs in one transaction.

CREATE TABLE IF NOT EXISTS ${prefix}organization_rollup (
  grain                       VARCHAR(1) NOT NULL COMMENT 'D is a UTC day, M a calendar month',
  bucket                      DATE NOT NULL COMMENT 'The day, or the first day of the month',
  key_hash                    BINARY(16) NOT NULL COMMENT 'First 16 bytes of SHA-256 over the seven names that follow, each as length in UTF-8, colon, text',
  organization                VARCHAR(128) NOT NULL COMMENT 'The tenant; empty is unattributed, as in the other names',
  user_id                     VARCHAR(128) NOT NULL COMMENT 'Always empty',
  customer_id                 VARCHAR(128) NOT NULL COMMENT 'Always empty',
  category                    VARCHAR(128) NOT NULL COMMENT 'Feature or request type',
  provider                    VARCHAR(256) NOT NULL COMMENT 'Who serves the model',
  model                       VARCHAR(256) NOT NULL COMMENT 'The model that answered, else the one asked for; empty if unknown',
  currency                    VARCHAR(3) NOT NULL COMMENT 'ISO 4217 code of the costs; XXX is unpriced',
  calls                       BIGINT NOT NULL COMMENT 'Calls that were not refused',
  operations                  BIGINT NOT NULL COMMENT 'User requests that began among these calls',
  tool_turns                  BIGINT NOT NULL COMMENT 'Calls whose answer asked for tools',
  succeeded                   BIGINT NOT NULL COMMENT 'Calls that were answered: calls less errors and cancelled',
  errors                      BIGINT NOT NULL COMMENT 'Calls that failed',
  cancelled                   BIGINT NOT NULL COMMENT 'Calls that were stopped by the caller',
  refused                     BIGINT NOT NULL COMMENT 'Calls that a limit did not let start; not among calls',
  input_tokens                BIGINT COMMENT 'Sum of what is known; NULL if nothing is known, as in the other token columns',
  output_tokens               BIGINT COMMENT 'All output tokens, reasoning included',
  cache_read_tokens           BIGINT COMMENT 'The part of input_tokens that was read from a cache',
  cache_write_tokens          BIGINT COMMENT 'The part of input_tokens that was written to a cache',
  cache_write_one_hour_tokens BIGINT COMMENT 'The part of cache_write_tokens that was written for one hour',
  reasoning_tokens            BIGINT COMMENT 'The part of output_tokens that is hidden reasoning',
  input_audio_tokens          BIGINT COMMENT 'The part of input_tokens that is audio',
  output_audio_tokens         BIGINT COMMENT 'The part of output_tokens that is audio',
  total_tokens                BIGINT COMMENT 'input_tokens plus output_tokens; NULL if both are unknown',
  unmeasured                  BIGINT NOT NULL COMMENT 'Calls that were answered or cut short and stated no figure at all',
  partial                     BIGINT NOT NULL COMMENT 'Calls of which some figures are missing or contradictory',
  estimated                   BIGINT NOT NULL COMMENT 'Calls whose figures were estimated',
  unpriced                    BIGINT NOT NULL COMMENT 'Calls that used something and have no price',
  cost_input                  DECIMAL(56,18) NOT NULL COMMENT 'What the uncached input cost, in currency; 0 in all five where the currency is XXX',
  cost_output                 DECIMAL(56,18) NOT NULL COMMENT 'What the output cost',
  cost_cache                  DECIMAL(56,18) NOT NULL COMMENT 'What cache reads and writes cost',
  cost_other                  DECIMAL(56,18) NOT NULL COMMENT 'What is charged apart from tokens cost',
  cost_total                  DECIMAL(56,18) NOT NULL COMMENT 'The sum of the four parts',
  succeeded_tokens            BIGINT NOT NULL COMMENT 'total_tokens of the calls that succeeded, for averages',
  succeeded_us                BIGINT NOT NULL COMMENT 'How long the calls that succeeded took together, in microseconds',
  last_at                     DATETIME(6) NOT NULL COMMENT 'When the last of the calls started',
  PRIMARY KEY (grain, bucket, key_hash)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin
  COMMENT = 'What the rows of ${prefix}rollup add up to over all users and customers of an organization. Written in one transaction with them.';

CREATE INDEX IF NOT EXISTS ${prefix}organization_rollup_by_organization ON ${prefix}organization_rollup (grain, organization, bucket);

-- What a cut-off run left.
DELETE FROM ${prefix}organization_rollup;

INSERT INTO ${prefix}organization_rollup (
  grain, bucket, key_hash, organization, user_id, customer_id, category, provider, model, currency, calls,
  operations, tool_turns, succeeded, errors, cancelled, refused, input_tokens, output_tokens, cache_read_tokens,
  cache_write_tokens, cache_write_one_hour_tokens, reasoning_tokens, input_audio_tokens, output_audio_tokens,
  total_tokens, unmeasured, partial, estimated, unpriced, cost_input, cost_output, cost_cache, cost_other,
  cost_total, succeeded_tokens, succeeded_us, last_at)
SELECT grain, bucket,
       UNHEX(LEFT(SHA2(CONCAT(
           OCTET_LENGTH(organization), ':', organization, 0, ':', 0, ':', OCTET_LENGTH(category), ':',
           category, OCTET_LENGTH(provider), ':', provider, OCTET_LENGTH(model), ':', model,
           OCTET_LENGTH(currency), ':', currency),
         256), 32)),
       organization, '', '', category, provider, model, currency,
       SUM(calls), SUM(operations), SUM(tool_turns), SUM(succeeded), SUM(errors), SUM(cancelled), SUM(refused),
       SUM(input_tokens), SUM(output_tokens), SUM(cache_read_tokens), SUM(cache_write_tokens),
       SUM(cache_write_one_hour_tokens), SUM(reasoning_tokens), SUM(input_audio_tokens),
       SUM(output_audio_tokens), SUM(total_tokens), SUM(unmeasured), SUM(partial), SUM(estimated),
       SUM(unpriced), SUM(cost_input), SUM(cost_output), SUM(cost_cache), SUM(cost_other), SUM(cost_total),
       SUM(succeeded_tokens), SUM(succeeded_us), MAX(last_at)
  FROM ${prefix}rollup
 GROUP BY grain, bucket, organization, category, provider, model, currency;

INSERT IGNORE INTO ${prefix}schema (version, script, applied_at)
  VALUES (7, 'V7__organization_rollup.sql', CURRENT_TIMESTAMP(6));

-- Usage4j, schema version 7 for H2: rollups of whole organizations, which are built here from those that tell
-- users and customers apart: a month of an organization is read from a hundredth of the rows. Replace ${prefix} (by
-- default usage_). No instance of an older version may write meanwhile or afterwards.
-- Every statement may be repeated, because DDL commits. By hand: the DELETE and the INSERTs in one transaction.

CREATE TABLE IF NOT EXISTS ${prefix}organization_rollup (
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

-- What a cut-off run left.
DELETE FROM ${prefix}organization_rollup;

INSERT INTO ${prefix}organization_rollup (
  grain, bucket, key_hash, organization, user_id, customer_id, category, provider, model, currency, calls,
  operations, tool_turns, succeeded, errors, cancelled, refused, input_tokens, output_tokens, cache_read_tokens,
  cache_write_tokens, cache_write_one_hour_tokens, reasoning_tokens, input_audio_tokens, output_audio_tokens,
  total_tokens, unmeasured, partial, estimated, unpriced, cost_input, cost_output, cost_cache, cost_other,
  cost_total, succeeded_tokens, succeeded_us, last_at)
SELECT grain, bucket,
       CAST(SUBSTRING(HASH('SHA-256', CONCAT(
           OCTET_LENGTH(STRINGTOUTF8(organization)), ':', organization, 0, ':', 0, ':',
           OCTET_LENGTH(STRINGTOUTF8(category)), ':', category, OCTET_LENGTH(STRINGTOUTF8(provider)),
           ':', provider, OCTET_LENGTH(STRINGTOUTF8(model)), ':', model,
           OCTET_LENGTH(STRINGTOUTF8(currency)), ':', currency))
         FROM 1 FOR 16) AS UUID),
       organization, CAST('' AS VARCHAR_CASESENSITIVE), CAST('' AS VARCHAR_CASESENSITIVE), category, provider, model, currency,
       SUM(calls), SUM(operations), SUM(tool_turns), SUM(succeeded), SUM(errors), SUM(cancelled), SUM(refused),
       SUM(input_tokens), SUM(output_tokens), SUM(cache_read_tokens), SUM(cache_write_tokens),
       SUM(cache_write_one_hour_tokens), SUM(reasoning_tokens), SUM(input_audio_tokens),
       SUM(output_audio_tokens), SUM(total_tokens), SUM(unmeasured), SUM(partial), SUM(estimated),
       SUM(unpriced), SUM(cost_input), SUM(cost_output), SUM(cost_cache), SUM(cost_other), SUM(cost_total),
       SUM(succeeded_tokens), SUM(succeeded_us), MAX(last_at)
  FROM ${prefix}rollup
 GROUP BY grain, bucket, organization, category, provider, model, currency;

MERGE INTO ${prefix}schema (version, script, applied_at) KEY (version)
  VALUES (7, 'V7__organization_rollup.sql', CURRENT_TIMESTAMP);

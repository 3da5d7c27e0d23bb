-- Usage4j, schema version 5 for MariaDB: changed costs of stored calls. Applied by JdbcUsageStore, or by hand or Flyway after
-- replacing ${prefix} (by default usage_). Never edited once released: later versions are later files.

CREATE TABLE IF NOT EXISTS ${prefix}repricing (
  id              CHAR(36) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL COMMENT 'Tells this run from every other',
  who             VARCHAR(128) NOT NULL COMMENT 'Who started it, as the host said',
  why             VARCHAR(500) NOT NULL COMMENT 'Why, as the host said',
  starts_at       DATETIME(6) NOT NULL COMMENT 'Calls from this instant on',
  ends_at         DATETIME(6) NOT NULL COMMENT 'and before this one',
  organization    VARCHAR(128) COMMENT 'Only calls of this tenant; NULL is any',
  category        VARCHAR(128) COMMENT 'Only calls of this category; NULL is any',
  provider        VARCHAR(256) COMMENT 'Only calls of this provider; NULL is any',
  model           VARCHAR(256) COMMENT 'Only calls of this model; NULL is any',
  only_unpriced   BOOLEAN NOT NULL COMMENT 'Whether only calls were looked at that had no price',
  begun_at        DATETIME(6) NOT NULL COMMENT 'When it was started first, by the clock of the writer',
  saved_at        DATETIME(6) NOT NULL COMMENT 'When its last step was written, in one transaction with all that this changed',
  finished_at     DATETIME(6) COMMENT 'When it was done; NULL until then',
  at_organization VARCHAR(128) NOT NULL COMMENT 'Whose calls come next; empty for the unattributed ones',
  at_time         DATETIME(6) COMMENT 'The time of the last call of that tenant that was looked at; NULL if none was',
  at_id           CHAR(36) CHARACTER SET ascii COLLATE ascii_nopad_bin COMMENT 'The id of that call',
  looked_at       BIGINT NOT NULL COMMENT 'How many calls it has looked at',
  changed         BIGINT NOT NULL COMMENT 'How many of them have another cost now',
  unpriced_before BIGINT NOT NULL COMMENT 'How many of them used something and had no price',
  unpriced_after  BIGINT NOT NULL COMMENT 'How many of them have none now',
  undecided       BIGINT NOT NULL COMMENT 'How many kept their cost, because several exchanges with the provider were summed into them',
  PRIMARY KEY (id)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin COMMENT='Which runs changed the costs of calls that were stored, and how far each has come. A run that was killed goes on from here.';

CREATE TABLE IF NOT EXISTS ${prefix}repricing_sum (
  run_id       CHAR(36) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL COMMENT 'The run',
  organization VARCHAR(128) NOT NULL COMMENT 'The tenant; empty if unattributed',
  provider     VARCHAR(256) NOT NULL COMMENT 'Who serves the model',
  model        VARCHAR(256) NOT NULL COMMENT 'The model',
  currency     VARCHAR(3) NOT NULL COMMENT 'ISO 4217 code of both amounts',
  calls        BIGINT NOT NULL COMMENT 'How many calls have another cost in this currency',
  cost_before  DECIMAL(56,18) NOT NULL COMMENT 'What they had cost before',
  cost_after   DECIMAL(56,18) NOT NULL COMMENT 'What they cost now',
  PRIMARY KEY (run_id, organization, provider, model, currency)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin COMMENT='What each run changed, by tenant, model and currency. Stays when the calls are deleted.';

CREATE TABLE IF NOT EXISTS ${prefix}repricing_event (
  event_id      CHAR(36) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL COMMENT 'The call',
  run_id        CHAR(36) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL COMMENT 'The run',
  repriced_at   DATETIME(6) NOT NULL COMMENT 'When, by the clock of the writer',
  old_input     DECIMAL(38,18) COMMENT 'cost_input before; the four old parts are NULL if there was no price',
  old_output    DECIMAL(38,18) COMMENT 'cost_output before',
  old_cache     DECIMAL(38,18) COMMENT 'cost_cache before',
  old_other     DECIMAL(38,18) COMMENT 'cost_other before',
  old_currency  VARCHAR(3) COMMENT 'Currency before; NULL if there was no price',
  old_reference VARCHAR(512) COMMENT 'Which price had been applied',
  new_input     DECIMAL(38,18) COMMENT 'cost_input after; the four new parts are NULL if there is no price any more',
  new_output    DECIMAL(38,18) COMMENT 'cost_output after',
  new_cache     DECIMAL(38,18) COMMENT 'cost_cache after',
  new_other     DECIMAL(38,18) COMMENT 'cost_other after',
  new_currency  VARCHAR(3) COMMENT 'Currency after; NULL if there is no price any more',
  new_reference VARCHAR(512) COMMENT 'Which price was applied',
  INDEX ${prefix}repricing_event_by_run (run_id),
  PRIMARY KEY (event_id, run_id)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin COMMENT='What the cost of a call was before a run changed it, and after. Deleted with the call.';

INSERT IGNORE INTO ${prefix}schema (version, script, applied_at)
  VALUES (5, 'V5__repricing.sql', UTC_TIMESTAMP(6));

-- Usage4j, schema version 6 for MariaDB: limits, alerts and credits. Applied by JdbcUsageStore, or by hand or Flyway after
-- replacing ${prefix} (by default usage_). Never edited once released: later versions are later files.

CREATE TABLE IF NOT EXISTS ${prefix}limit (
  limit_hash   BINARY(16) NOT NULL COMMENT 'Stands for the name and for whom the limit is',
  limit_name   VARCHAR(128) NOT NULL COMMENT 'The name of the limit',
  subject      VARCHAR(32) NOT NULL COMMENT 'Whose usage is limited: APPLICATION, ORGANIZATION, USER or CUSTOMER',
  organization VARCHAR(128) NOT NULL COMMENT 'The tenant it names; empty for each, or none',
  subject_id   VARCHAR(128) NOT NULL COMMENT 'The user or customer it names; empty for each, or none',
  category     VARCHAR(128) NOT NULL COMMENT 'Only calls of this category; empty for any',
  model        VARCHAR(256) NOT NULL COMMENT 'Only calls that ask for this model; empty for any',
  definition   TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL COMMENT 'The limit as JSON',
  changed_at   DATETIME(6) NOT NULL COMMENT 'When this was written, by the clock of the writer',
  PRIMARY KEY (limit_hash)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin COMMENT='Limits that were stored while the application ran; those in its code are not here.';

CREATE TABLE IF NOT EXISTS ${prefix}limit_change (
  change_no         BIGINT NOT NULL COMMENT '1, 2, 3 and so on; the greatest is the version of the stored limits',
  limit_name        VARCHAR(128) NOT NULL COMMENT 'The name of the limit',
  organization      VARCHAR(128) NOT NULL COMMENT 'The tenant it names; empty for each, or none',
  subject_id        VARCHAR(128) NOT NULL COMMENT 'The user or customer it names; empty for each, or none',
  before_definition TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin COMMENT 'The limit as it was, as JSON; NULL if there was none',
  after_definition  TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin COMMENT 'The limit as it is now, as JSON; NULL if it was removed',
  changed_by        VARCHAR(128) NOT NULL COMMENT 'Who did it',
  changed_at        DATETIME(6) NOT NULL COMMENT 'When, by the clock of the writer',
  PRIMARY KEY (change_no),
  INDEX ${prefix}limit_change_by_name (limit_name, change_no)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin COMMENT='What was done to stored limits, by whom. Rows are only ever added.';

CREATE TABLE IF NOT EXISTS ${prefix}limit_state (
  state_hash   BINARY(16) NOT NULL COMMENT 'Stands for the name, the measure, whose calls count and the period',
  scope_hash   BINARY(16) NOT NULL COMMENT 'Stands for subject, organization and subject_id',
  limit_name   VARCHAR(128) NOT NULL COMMENT 'The name of the limit',
  measure      VARCHAR(32) NOT NULL COMMENT 'What is counted: TOKENS, COST, CALLS or OPERATIONS',
  currency     VARCHAR(32) NOT NULL COMMENT 'The ISO 4217 code if cost is counted, else empty',
  subject      VARCHAR(32) NOT NULL COMMENT 'Whose calls count: APPLICATION, ORGANIZATION, USER or CUSTOMER',
  organization VARCHAR(128) NOT NULL COMMENT 'The tenant; empty for the application, and for users and customers who have none',
  subject_id   VARCHAR(128) NOT NULL COMMENT 'The user or the customer; empty for other subjects',
  category     VARCHAR(128) NOT NULL COMMENT 'Only calls of this category count; empty for any',
  model        VARCHAR(256) NOT NULL COMMENT 'Only calls that asked for this model count; empty for any',
  period_start DATETIME(6) NOT NULL COMMENT 'The first instant of the period',
  period_end   DATETIME(6) NOT NULL COMMENT 'The first instant that no longer belongs to it',
  billing_day  INTEGER NOT NULL COMMENT 'The day of the month on which such periods begin; 0 if it is no month',
  allowance    DECIMAL(56,18) NOT NULL COMMENT 'How much is allowed, as it was told last',
  alert_at     VARCHAR(1024) NOT NULL COMMENT 'At which percentages alerts are raised, ascending, with commas; may be empty',
  granted      DECIMAL(56,18) NOT NULL COMMENT 'The sum of the grants of this counter',
  used         DECIMAL(56,18) NOT NULL COMMENT 'What the calls that count add up to; changed by whoever changes them, in the same transaction',
  leased       DECIMAL(56,18) NOT NULL COMMENT 'The sum of its leases',
  alerted      INTEGER NOT NULL COMMENT 'The highest percentage of which an alert was raised; 0 if none was',
  opened_at    DATETIME(6) NOT NULL COMMENT 'When it was opened, by the clock of the writer',
  PRIMARY KEY (state_hash),
  INDEX ${prefix}limit_state_by_scope (scope_hash, period_end),
  INDEX ${prefix}limit_state_by_end (period_end)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin COMMENT='One counter of a limit: what was used of it in one period, and what instances have leased of the rest.';

CREATE TABLE IF NOT EXISTS ${prefix}limit_holder (
  holder VARCHAR(128) NOT NULL COMMENT 'Tells the instance from all others that ever were',
  beat   BIGINT NOT NULL COMMENT 'Raised by it again and again; whoever sees no change for long enough takes its leases back',
  PRIMARY KEY (holder)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin COMMENT='Instances that may hold leases.';

CREATE TABLE IF NOT EXISTS ${prefix}limit_lease (
  holder     VARCHAR(128) NOT NULL COMMENT 'The instance',
  state_hash BINARY(16) NOT NULL COMMENT 'The counter',
  amount     DECIMAL(56,18) NOT NULL COMMENT 'How much; more than 0',
  PRIMARY KEY (holder, state_hash),
  INDEX ${prefix}limit_lease_by_state (state_hash)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin COMMENT='What an instance has of a counter, for calls that are under way, or ended and are not stored yet, and to spend.';

CREATE TABLE IF NOT EXISTS ${prefix}limit_grant (
  grant_hash   BINARY(16) NOT NULL COMMENT 'Stands for the name of the limit, whose calls count, and the reference',
  state_hash   BINARY(16) NOT NULL COMMENT 'The counter',
  limit_name   VARCHAR(128) NOT NULL COMMENT 'The name of the limit',
  measure      VARCHAR(32) NOT NULL COMMENT 'What is counted: TOKENS, COST, CALLS or OPERATIONS',
  currency     VARCHAR(32) NOT NULL COMMENT 'The ISO 4217 code if cost is counted, else empty',
  subject      VARCHAR(32) NOT NULL COMMENT 'Whose calls count: APPLICATION, ORGANIZATION, USER or CUSTOMER',
  organization VARCHAR(128) NOT NULL COMMENT 'The tenant; empty for the application, and for users and customers who have none',
  subject_id   VARCHAR(128) NOT NULL COMMENT 'The user or the customer; empty for other subjects',
  category     VARCHAR(128) NOT NULL COMMENT 'Only calls of this category count; empty for any',
  model        VARCHAR(256) NOT NULL COMMENT 'Only calls that asked for this model count; empty for any',
  period_start DATETIME(6) NOT NULL COMMENT 'The first instant of the period',
  period_end   DATETIME(6) NOT NULL COMMENT 'The first instant that no longer belongs to it',
  billing_day  INTEGER NOT NULL COMMENT 'The day of the month on which such periods begin; 0 if it is no month',
  reference    VARCHAR(128) NOT NULL COMMENT 'What it is known by elsewhere',
  amount       DECIMAL(56,18) NOT NULL COMMENT 'How much it adds',
  granted_at   DATETIME(6) NOT NULL COMMENT 'When it was stored, by the clock of the writer',
  PRIMARY KEY (grant_hash),
  INDEX ${prefix}limit_grant_by_state (state_hash, granted_at)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin COMMENT='Add-ons: what is allowed beside the allowance. Rows are only ever added.';

CREATE TABLE IF NOT EXISTS ${prefix}alert (
  alert_id        CHAR(36) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL COMMENT 'Tells it from every other; it is delivered at least once with this id',
  state_hash      BINARY(16) NOT NULL COMMENT 'The counter',
  scope_hash      BINARY(16) NOT NULL COMMENT 'Stands for subject, organization and subject_id',
  alert_type      VARCHAR(32) NOT NULL COMMENT 'WARNING, REACHED, PROJECTED or ANOMALY',
  threshold       INTEGER NOT NULL COMMENT 'The percentage; 0 for an ANOMALY',
  limit_name      VARCHAR(128) NOT NULL COMMENT 'The name of the limit',
  measure         VARCHAR(32) NOT NULL COMMENT 'What is counted: TOKENS, COST, CALLS or OPERATIONS',
  currency        VARCHAR(32) NOT NULL COMMENT 'The ISO 4217 code if cost is counted, else empty',
  subject         VARCHAR(32) NOT NULL COMMENT 'Whose calls count: APPLICATION, ORGANIZATION, USER or CUSTOMER',
  organization    VARCHAR(128) NOT NULL COMMENT 'The tenant; empty for the application, and for users and customers who have none',
  subject_id      VARCHAR(128) NOT NULL COMMENT 'The user or the customer; empty for other subjects',
  category        VARCHAR(128) NOT NULL COMMENT 'Only calls of this category count; empty for any',
  model           VARCHAR(256) NOT NULL COMMENT 'Only calls that asked for this model count; empty for any',
  period_start    DATETIME(6) NOT NULL COMMENT 'The first instant of the period',
  period_end      DATETIME(6) NOT NULL COMMENT 'The first instant that no longer belongs to it',
  billing_day     INTEGER NOT NULL COMMENT 'The day of the month on which such periods begin; 0 if it is no month',
  used            DECIMAL(56,18) NOT NULL COMMENT 'What was used when it was raised, or is expected',
  allowance       DECIMAL(56,18) NOT NULL COMMENT 'What was allowed then, grants included',
  raised_at       DATETIME(6) NOT NULL COMMENT 'When, by the clock of the writer',
  taken_by        VARCHAR(128) COMMENT 'The instance that delivers it; NULL if none does',
  delivered_at    DATETIME(6) COMMENT 'When it was delivered; NULL if it was not',
  acknowledged_at DATETIME(6) COMMENT 'When somebody said that they know; NULL if nobody did',
  acknowledged_by VARCHAR(128) COMMENT 'Who that was',
  PRIMARY KEY (alert_id),
  UNIQUE INDEX ${prefix}alert_by_state (state_hash, alert_type, threshold),
  INDEX ${prefix}alert_by_scope (scope_hash, raised_at),
  INDEX ${prefix}alert_by_delivery (delivered_at, raised_at)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin COMMENT='What people should know of a counter: at most one of each type and threshold.';

CREATE TABLE IF NOT EXISTS ${prefix}billing_period (
  organization VARCHAR(128) NOT NULL COMMENT 'The tenant',
  external_id  VARCHAR(128) NOT NULL COMMENT 'What the period is known by there',
  starts_at    DATETIME(6) NOT NULL COMMENT 'Its first instant; it ends where the next one begins',
  PRIMARY KEY (organization, external_id),
  INDEX ${prefix}billing_period_by_start (organization, starts_at)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin COMMENT='When the billing periods of an organization began, as the billing system says.';

CREATE TABLE IF NOT EXISTS ${prefix}credit (
  entry_id   CHAR(36) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL COMMENT 'Tells the entry from every other; entries of an account sort by it',
  account    VARCHAR(128) NOT NULL COMMENT 'Whose, such as an organization',
  entry_type VARCHAR(32) NOT NULL COMMENT 'PURCHASE, GRANT, DISCOUNT, CONSUMPTION, REFUND or EXPIRY',
  amount     DECIMAL(56,18) NOT NULL COMMENT 'What it adds; negative if it takes away',
  lot_id     CHAR(36) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL COMMENT 'The entry that brought the credits it adds to or takes from; its own id if it brought them',
  priority   INTEGER NOT NULL COMMENT 'Those of the lowest number are spent first',
  expires_at DATETIME(6) COMMENT 'From when on they are worth nothing; NULL if they never expire',
  reference  VARCHAR(128) NOT NULL COMMENT 'What it is known by elsewhere',
  made_at    DATETIME(6) NOT NULL COMMENT 'When it was made',
  PRIMARY KEY (entry_id),
  INDEX ${prefix}credit_by_account (account, entry_id),
  INDEX ${prefix}credit_by_reference (account, reference)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin COMMENT='The ledger of prepaid credits. Rows are only ever added; what an account has is their sum.';

CREATE TABLE IF NOT EXISTS ${prefix}credit_account (
  account VARCHAR(128) NOT NULL COMMENT 'Whose',
  balance DECIMAL(56,18) NOT NULL COMMENT 'The sum of the entries, for whoever asks often',
  PRIMARY KEY (account)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin COMMENT='Accounts of credits; its row is locked while entries are added.';

CREATE TABLE IF NOT EXISTS ${prefix}credit_lot (
  lot_id      CHAR(36) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL COMMENT 'The entry that brought them',
  account     VARCHAR(128) NOT NULL COMMENT 'Whose',
  left_amount DECIMAL(56,18) NOT NULL COMMENT 'The sum of the entries of the lot; more than 0',
  PRIMARY KEY (lot_id),
  INDEX ${prefix}credit_lot_by_account (account, lot_id)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin COMMENT='What is left of credits that were brought, for whoever spends; only while something is left.';

INSERT IGNORE INTO ${prefix}schema (version, script, applied_at)
  VALUES (6, 'V6__limits.sql', UTC_TIMESTAMP(6));

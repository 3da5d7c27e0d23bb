-- Usage4j, schema version 6 for PostgreSQL: limits, alerts and credits. Applied by JdbcUsageStore, or by hand or Flyway after
-- replacing ${prefix} (by default usage_). Never edited once released: later versions are later files.

CREATE TABLE ${prefix}limit (
  limit_hash   UUID NOT NULL,
  limit_name   TEXT COLLATE "C" NOT NULL,
  subject      TEXT COLLATE "C" NOT NULL,
  organization TEXT COLLATE "C" NOT NULL,
  subject_id   TEXT COLLATE "C" NOT NULL,
  category     TEXT COLLATE "C" NOT NULL,
  model        TEXT COLLATE "C" NOT NULL,
  definition   TEXT COLLATE "C" NOT NULL,
  changed_at   TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  PRIMARY KEY (limit_hash)
);

COMMENT ON TABLE ${prefix}limit IS 'Limits that were stored while the application ran; those in its code are not here.';
COMMENT ON COLUMN ${prefix}limit.limit_hash IS 'Stands for the name and for whom the limit is';
COMMENT ON COLUMN ${prefix}limit.limit_name IS 'The name of the limit';
COMMENT ON COLUMN ${prefix}limit.subject IS 'Whose usage is limited: APPLICATION, ORGANIZATION, USER or CUSTOMER';
COMMENT ON COLUMN ${prefix}limit.organization IS 'The tenant it names; empty for each, or none';
COMMENT ON COLUMN ${prefix}limit.subject_id IS 'The user or customer it names; empty for each, or none';
COMMENT ON COLUMN ${prefix}limit.category IS 'Only calls of this category; empty for any';
COMMENT ON COLUMN ${prefix}limit.model IS 'Only calls that ask for this model; empty for any';
COMMENT ON COLUMN ${prefix}limit.definition IS 'The limit as JSON';
COMMENT ON COLUMN ${prefix}limit.changed_at IS 'When this was written, by the clock of the writer';

CREATE TABLE ${prefix}limit_change (
  change_no         BIGINT NOT NULL,
  limit_name        TEXT COLLATE "C" NOT NULL,
  organization      TEXT COLLATE "C" NOT NULL,
  subject_id        TEXT COLLATE "C" NOT NULL,
  before_definition TEXT COLLATE "C",
  after_definition  TEXT COLLATE "C",
  changed_by        TEXT COLLATE "C" NOT NULL,
  changed_at        TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  PRIMARY KEY (change_no)
);

COMMENT ON TABLE ${prefix}limit_change IS 'What was done to stored limits, by whom. Rows are only ever added.';
COMMENT ON COLUMN ${prefix}limit_change.change_no IS '1, 2, 3 and so on; the greatest is the version of the stored limits';
COMMENT ON COLUMN ${prefix}limit_change.limit_name IS 'The name of the limit';
COMMENT ON COLUMN ${prefix}limit_change.organization IS 'The tenant it names; empty for each, or none';
COMMENT ON COLUMN ${prefix}limit_change.subject_id IS 'The user or customer it names; empty for each, or none';
COMMENT ON COLUMN ${prefix}limit_change.before_definition IS 'The limit as it was, as JSON; NULL if there was none';
COMMENT ON COLUMN ${prefix}limit_change.after_definition IS 'The limit as it is now, as JSON; NULL if it was removed';
COMMENT ON COLUMN ${prefix}limit_change.changed_by IS 'Who did it';
COMMENT ON COLUMN ${prefix}limit_change.changed_at IS 'When, by the clock of the writer';

CREATE INDEX ${prefix}limit_change_by_name ON ${prefix}limit_change (limit_name, change_no);

CREATE TABLE ${prefix}limit_state (
  state_hash   UUID NOT NULL,
  scope_hash   UUID NOT NULL,
  limit_name   TEXT COLLATE "C" NOT NULL,
  measure      TEXT COLLATE "C" NOT NULL,
  currency     TEXT COLLATE "C" NOT NULL,
  subject      TEXT COLLATE "C" NOT NULL,
  organization TEXT COLLATE "C" NOT NULL,
  subject_id   TEXT COLLATE "C" NOT NULL,
  category     TEXT COLLATE "C" NOT NULL,
  model        TEXT COLLATE "C" NOT NULL,
  period_start TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  period_end   TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  billing_day  INTEGER NOT NULL,
  allowance    DECIMAL(56,18) NOT NULL,
  alert_at     TEXT COLLATE "C" NOT NULL,
  granted      DECIMAL(56,18) NOT NULL,
  used         DECIMAL(56,18) NOT NULL,
  leased       DECIMAL(56,18) NOT NULL,
  alerted      INTEGER NOT NULL,
  opened_at    TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  PRIMARY KEY (state_hash)
);

COMMENT ON TABLE ${prefix}limit_state IS 'One counter of a limit: what was used of it in one period, and what instances have leased of the rest.';
COMMENT ON COLUMN ${prefix}limit_state.state_hash IS 'Stands for the name, the measure, whose calls count and the period';
COMMENT ON COLUMN ${prefix}limit_state.scope_hash IS 'Stands for subject, organization and subject_id';
COMMENT ON COLUMN ${prefix}limit_state.limit_name IS 'The name of the limit';
COMMENT ON COLUMN ${prefix}limit_state.measure IS 'What is counted: TOKENS, COST, CALLS or OPERATIONS';
COMMENT ON COLUMN ${prefix}limit_state.currency IS 'The ISO 4217 code if cost is counted, else empty';
COMMENT ON COLUMN ${prefix}limit_state.subject IS 'Whose calls count: APPLICATION, ORGANIZATION, USER or CUSTOMER';
COMMENT ON COLUMN ${prefix}limit_state.organization IS 'The tenant; empty for the application, and for users and customers who have none';
COMMENT ON COLUMN ${prefix}limit_state.subject_id IS 'The user or the customer; empty for other subjects';
COMMENT ON COLUMN ${prefix}limit_state.category IS 'Only calls of this category count; empty for any';
COMMENT ON COLUMN ${prefix}limit_state.model IS 'Only calls that asked for this model count; empty for any';
COMMENT ON COLUMN ${prefix}limit_state.period_start IS 'The first instant of the period';
COMMENT ON COLUMN ${prefix}limit_state.period_end IS 'The first instant that no longer belongs to it';
COMMENT ON COLUMN ${prefix}limit_state.billing_day IS 'The day of the month on which such periods begin; 0 if it is no month';
COMMENT ON COLUMN ${prefix}limit_state.allowance IS 'How much is allowed, as it was told last';
COMMENT ON COLUMN ${prefix}limit_state.alert_at IS 'At which percentages alerts are raised, ascending, with commas; may be empty';
COMMENT ON COLUMN ${prefix}limit_state.granted IS 'The sum of the grants of this counter';
COMMENT ON COLUMN ${prefix}limit_state.used IS 'What the calls that count add up to; changed by whoever changes them, in the same transaction';
COMMENT ON COLUMN ${prefix}limit_state.leased IS 'The sum of its leases';
COMMENT ON COLUMN ${prefix}limit_state.alerted IS 'The highest percentage of which an alert was raised; 0 if none was';
COMMENT ON COLUMN ${prefix}limit_state.opened_at IS 'When it was opened, by the clock of the writer';

CREATE INDEX ${prefix}limit_state_by_scope ON ${prefix}limit_state (scope_hash, period_end);
CREATE INDEX ${prefix}limit_state_by_end ON ${prefix}limit_state (period_end);

CREATE TABLE ${prefix}limit_holder (
  holder TEXT COLLATE "C" NOT NULL,
  beat   BIGINT NOT NULL,
  PRIMARY KEY (holder)
);

COMMENT ON TABLE ${prefix}limit_holder IS 'Instances that may hold leases.';
COMMENT ON COLUMN ${prefix}limit_holder.holder IS 'Tells the instance from all others that ever were';
COMMENT ON COLUMN ${prefix}limit_holder.beat IS 'Raised by it again and again; whoever sees no change for long enough takes its leases back';

CREATE TABLE ${prefix}limit_lease (
  holder     TEXT COLLATE "C" NOT NULL,
  state_hash UUID NOT NULL,
  amount     DECIMAL(56,18) NOT NULL,
  PRIMARY KEY (holder, state_hash)
);

COMMENT ON TABLE ${prefix}limit_lease IS 'What an instance has of a counter, for calls that are under way, or ended and are not stored yet, and to spend.';
COMMENT ON COLUMN ${prefix}limit_lease.holder IS 'The instance';
COMMENT ON COLUMN ${prefix}limit_lease.state_hash IS 'The counter';
COMMENT ON COLUMN ${prefix}limit_lease.amount IS 'How much; more than 0';

CREATE INDEX ${prefix}limit_lease_by_state ON ${prefix}limit_lease (state_hash);

CREATE TABLE ${prefix}limit_grant (
  grant_hash   UUID NOT NULL,
  state_hash   UUID NOT NULL,
  limit_name   TEXT COLLATE "C" NOT NULL,
  measure      TEXT COLLATE "C" NOT NULL,
  currency     TEXT COLLATE "C" NOT NULL,
  subject      TEXT COLLATE "C" NOT NULL,
  organization TEXT COLLATE "C" NOT NULL,
  subject_id   TEXT COLLATE "C" NOT NULL,
  category     TEXT COLLATE "C" NOT NULL,
  model        TEXT COLLATE "C" NOT NULL,
  period_start TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  period_end   TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  billing_day  INTEGER NOT NULL,
  reference    TEXT COLLATE "C" NOT NULL,
  amount       DECIMAL(56,18) NOT NULL,
  granted_at   TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  PRIMARY KEY (grant_hash)
);

COMMENT ON TABLE ${prefix}limit_grant IS 'Add-ons: what is allowed beside the allowance. Rows are only ever added.';
COMMENT ON COLUMN ${prefix}limit_grant.grant_hash IS 'Stands for the name of the limit, whose calls count, and the reference';
COMMENT ON COLUMN ${prefix}limit_grant.state_hash IS 'The counter';
COMMENT ON COLUMN ${prefix}limit_grant.limit_name IS 'The name of the limit';
COMMENT ON COLUMN ${prefix}limit_grant.measure IS 'What is counted: TOKENS, COST, CALLS or OPERATIONS';
COMMENT ON COLUMN ${prefix}limit_grant.currency IS 'The ISO 4217 code if cost is counted, else empty';
COMMENT ON COLUMN ${prefix}limit_grant.subject IS 'Whose calls count: APPLICATION, ORGANIZATION, USER or CUSTOMER';
COMMENT ON COLUMN ${prefix}limit_grant.organization IS 'The tenant; empty for the application, and for users and customers who have none';
COMMENT ON COLUMN ${prefix}limit_grant.subject_id IS 'The user or the customer; empty for other subjects';
COMMENT ON COLUMN ${prefix}limit_grant.category IS 'Only calls of this category count; empty for any';
COMMENT ON COLUMN ${prefix}limit_grant.model IS 'Only calls that asked for this model count; empty for any';
COMMENT ON COLUMN ${prefix}limit_grant.period_start IS 'The first instant of the period';
COMMENT ON COLUMN ${prefix}limit_grant.period_end IS 'The first instant that no longer belongs to it';
COMMENT ON COLUMN ${prefix}limit_grant.billing_day IS 'The day of the month on which such periods begin; 0 if it is no month';
COMMENT ON COLUMN ${prefix}limit_grant.reference IS 'What it is known by elsewhere';
COMMENT ON COLUMN ${prefix}limit_grant.amount IS 'How much it adds';
COMMENT ON COLUMN ${prefix}limit_grant.granted_at IS 'When it was stored, by the clock of the writer';

CREATE INDEX ${prefix}limit_grant_by_state ON ${prefix}limit_grant (state_hash, granted_at);

CREATE TABLE ${prefix}alert (
  alert_id        UUID NOT NULL,
  state_hash      UUID NOT NULL,
  scope_hash      UUID NOT NULL,
  alert_type      TEXT COLLATE "C" NOT NULL,
  threshold       INTEGER NOT NULL,
  limit_name      TEXT COLLATE "C" NOT NULL,
  measure         TEXT COLLATE "C" NOT NULL,
  currency        TEXT COLLATE "C" NOT NULL,
  subject         TEXT COLLATE "C" NOT NULL,
  organization    TEXT COLLATE "C" NOT NULL,
  subject_id      TEXT COLLATE "C" NOT NULL,
  category        TEXT COLLATE "C" NOT NULL,
  model           TEXT COLLATE "C" NOT NULL,
  period_start    TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  period_end      TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  billing_day     INTEGER NOT NULL,
  used            DECIMAL(56,18) NOT NULL,
  allowance       DECIMAL(56,18) NOT NULL,
  raised_at       TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  taken_by        TEXT COLLATE "C",
  delivered_at    TIMESTAMP(6) WITH TIME ZONE,
  acknowledged_at TIMESTAMP(6) WITH TIME ZONE,
  acknowledged_by TEXT COLLATE "C",
  PRIMARY KEY (alert_id)
);

COMMENT ON TABLE ${prefix}alert IS 'What people should know of a counter: at most one of each type and threshold.';
COMMENT ON COLUMN ${prefix}alert.alert_id IS 'Tells it from every other; it is delivered at least once with this id';
COMMENT ON COLUMN ${prefix}alert.state_hash IS 'The counter';
COMMENT ON COLUMN ${prefix}alert.scope_hash IS 'Stands for subject, organization and subject_id';
COMMENT ON COLUMN ${prefix}alert.alert_type IS 'WARNING, REACHED, PROJECTED or ANOMALY';
COMMENT ON COLUMN ${prefix}alert.threshold IS 'The percentage; 0 for an ANOMALY';
COMMENT ON COLUMN ${prefix}alert.limit_name IS 'The name of the limit';
COMMENT ON COLUMN ${prefix}alert.measure IS 'What is counted: TOKENS, COST, CALLS or OPERATIONS';
COMMENT ON COLUMN ${prefix}alert.currency IS 'The ISO 4217 code if cost is counted, else empty';
COMMENT ON COLUMN ${prefix}alert.subject IS 'Whose calls count: APPLICATION, ORGANIZATION, USER or CUSTOMER';
COMMENT ON COLUMN ${prefix}alert.organization IS 'The tenant; empty for the application, and for users and customers who have none';
COMMENT ON COLUMN ${prefix}alert.subject_id IS 'The user or the customer; empty for other subjects';
COMMENT ON COLUMN ${prefix}alert.category IS 'Only calls of this category count; empty for any';
COMMENT ON COLUMN ${prefix}alert.model IS 'Only calls that asked for this model count; empty for any';
COMMENT ON COLUMN ${prefix}alert.period_start IS 'The first instant of the period';
COMMENT ON COLUMN ${prefix}alert.period_end IS 'The first instant that no longer belongs to it';
COMMENT ON COLUMN ${prefix}alert.billing_day IS 'The day of the month on which such periods begin; 0 if it is no month';
COMMENT ON COLUMN ${prefix}alert.used IS 'What was used when it was raised, or is expected';
COMMENT ON COLUMN ${prefix}alert.allowance IS 'What was allowed then, grants included';
COMMENT ON COLUMN ${prefix}alert.raised_at IS 'When, by the clock of the writer';
COMMENT ON COLUMN ${prefix}alert.taken_by IS 'The instance that delivers it; NULL if none does';
COMMENT ON COLUMN ${prefix}alert.delivered_at IS 'When it was delivered; NULL if it was not';
COMMENT ON COLUMN ${prefix}alert.acknowledged_at IS 'When somebody said that they know; NULL if nobody did';
COMMENT ON COLUMN ${prefix}alert.acknowledged_by IS 'Who that was';

CREATE UNIQUE INDEX ${prefix}alert_by_state ON ${prefix}alert (state_hash, alert_type, threshold);
CREATE INDEX ${prefix}alert_by_scope ON ${prefix}alert (scope_hash, raised_at);
CREATE INDEX ${prefix}alert_by_delivery ON ${prefix}alert (delivered_at, raised_at);

CREATE TABLE ${prefix}billing_period (
  organization TEXT COLLATE "C" NOT NULL,
  external_id  TEXT COLLATE "C" NOT NULL,
  starts_at    TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  PRIMARY KEY (organization, external_id)
);

COMMENT ON TABLE ${prefix}billing_period IS 'When the billing periods of an organization began, as the billing system says.';
COMMENT ON COLUMN ${prefix}billing_period.organization IS 'The tenant';
COMMENT ON COLUMN ${prefix}billing_period.external_id IS 'What the period is known by there';
COMMENT ON COLUMN ${prefix}billing_period.starts_at IS 'Its first instant; it ends where the next one begins';

CREATE INDEX ${prefix}billing_period_by_start ON ${prefix}billing_period (organization, starts_at);

CREATE TABLE ${prefix}credit (
  entry_id   UUID NOT NULL,
  account    TEXT COLLATE "C" NOT NULL,
  entry_type TEXT COLLATE "C" NOT NULL,
  amount     DECIMAL(56,18) NOT NULL,
  lot_id     UUID NOT NULL,
  priority   INTEGER NOT NULL,
  expires_at TIMESTAMP(6) WITH TIME ZONE,
  reference  TEXT COLLATE "C" NOT NULL,
  made_at    TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  PRIMARY KEY (entry_id)
);

COMMENT ON TABLE ${prefix}credit IS 'The ledger of prepaid credits. Rows are only ever added; what an account has is their sum.';
COMMENT ON COLUMN ${prefix}credit.entry_id IS 'Tells the entry from every other; entries of an account sort by it';
COMMENT ON COLUMN ${prefix}credit.account IS 'Whose, such as an organization';
COMMENT ON COLUMN ${prefix}credit.entry_type IS 'PURCHASE, GRANT, DISCOUNT, CONSUMPTION, REFUND or EXPIRY';
COMMENT ON COLUMN ${prefix}credit.amount IS 'What it adds; negative if it takes away';
COMMENT ON COLUMN ${prefix}credit.lot_id IS 'The entry that brought the credits it adds to or takes from; its own id if it brought them';
COMMENT ON COLUMN ${prefix}credit.priority IS 'Those of the lowest number are spent first';
COMMENT ON COLUMN ${prefix}credit.expires_at IS 'From when on they are worth nothing; NULL if they never expire';
COMMENT ON COLUMN ${prefix}credit.reference IS 'What it is known by elsewhere';
COMMENT ON COLUMN ${prefix}credit.made_at IS 'When it was made';

CREATE INDEX ${prefix}credit_by_account ON ${prefix}credit (account, entry_id);
CREATE INDEX ${prefix}credit_by_reference ON ${prefix}credit (account, reference);

CREATE TABLE ${prefix}credit_account (
  account TEXT COLLATE "C" NOT NULL,
  balance DECIMAL(56,18) NOT NULL,
  PRIMARY KEY (account)
);

COMMENT ON TABLE ${prefix}credit_account IS 'Accounts of credits; its row is locked while entries are added.';
COMMENT ON COLUMN ${prefix}credit_account.account IS 'Whose';
COMMENT ON COLUMN ${prefix}credit_account.balance IS 'The sum of the entries, for whoever asks often';

CREATE TABLE ${prefix}credit_lot (
  lot_id      UUID NOT NULL,
  account     TEXT COLLATE "C" NOT NULL,
  left_amount DECIMAL(56,18) NOT NULL,
  PRIMARY KEY (lot_id)
);

COMMENT ON TABLE ${prefix}credit_lot IS 'What is left of credits that were brought, for whoever spends; only while something is left.';
COMMENT ON COLUMN ${prefix}credit_lot.lot_id IS 'The entry that brought them';
COMMENT ON COLUMN ${prefix}credit_lot.account IS 'Whose';
COMMENT ON COLUMN ${prefix}credit_lot.left_amount IS 'The sum of the entries of the lot; more than 0';

CREATE INDEX ${prefix}credit_lot_by_account ON ${prefix}credit_lot (account, lot_id);

INSERT INTO ${prefix}schema (version, script, applied_at)
  VALUES (6, 'V6__limits.sql', CURRENT_TIMESTAMP);

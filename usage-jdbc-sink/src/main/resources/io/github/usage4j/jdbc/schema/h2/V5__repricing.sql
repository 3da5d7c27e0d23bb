-- Usage4j, schema version 5 for H2: changed costs of stored calls. Applied by JdbcUsageStore, or by hand or Flyway after
-- replacing ${prefix} (by default usage_). Never edited once released: later versions are later files.

CREATE TABLE IF NOT EXISTS ${prefix}repricing (
  id              UUID NOT NULL,
  who             VARCHAR_CASESENSITIVE NOT NULL,
  why             VARCHAR_CASESENSITIVE NOT NULL,
  starts_at       TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  ends_at         TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  organization    VARCHAR_CASESENSITIVE,
  category        VARCHAR_CASESENSITIVE,
  provider        VARCHAR_CASESENSITIVE,
  model           VARCHAR_CASESENSITIVE,
  only_unpriced   BOOLEAN NOT NULL,
  begun_at        TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  saved_at        TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  finished_at     TIMESTAMP(6) WITH TIME ZONE,
  at_organization VARCHAR_CASESENSITIVE NOT NULL,
  at_time         TIMESTAMP(6) WITH TIME ZONE,
  at_id           UUID,
  looked_at       BIGINT NOT NULL,
  changed         BIGINT NOT NULL,
  unpriced_before BIGINT NOT NULL,
  unpriced_after  BIGINT NOT NULL,
  undecided       BIGINT NOT NULL,
  PRIMARY KEY (id)
);

COMMENT ON TABLE ${prefix}repricing IS 'Which runs changed the costs of calls that were stored, and how far each has come. A run that was killed goes on from here.';
COMMENT ON COLUMN ${prefix}repricing.id IS 'Tells this run from every other';
COMMENT ON COLUMN ${prefix}repricing.who IS 'Who started it, as the host said';
COMMENT ON COLUMN ${prefix}repricing.why IS 'Why, as the host said';
COMMENT ON COLUMN ${prefix}repricing.starts_at IS 'Calls from this instant on';
COMMENT ON COLUMN ${prefix}repricing.ends_at IS 'and before this one';
COMMENT ON COLUMN ${prefix}repricing.organization IS 'Only calls of this tenant; NULL is any';
COMMENT ON COLUMN ${prefix}repricing.category IS 'Only calls of this category; NULL is any';
COMMENT ON COLUMN ${prefix}repricing.provider IS 'Only calls of this provider; NULL is any';
COMMENT ON COLUMN ${prefix}repricing.model IS 'Only calls of this model; NULL is any';
COMMENT ON COLUMN ${prefix}repricing.only_unpriced IS 'Whether only calls were looked at that had no price';
COMMENT ON COLUMN ${prefix}repricing.begun_at IS 'When it was started first, by the clock of the writer';
COMMENT ON COLUMN ${prefix}repricing.saved_at IS 'When its last step was written, in one transaction with all that this changed';
COMMENT ON COLUMN ${prefix}repricing.finished_at IS 'When it was done; NULL until then';
COMMENT ON COLUMN ${prefix}repricing.at_organization IS 'Whose calls come next; empty for the unattributed ones';
COMMENT ON COLUMN ${prefix}repricing.at_time IS 'The time of the last call of that tenant that was looked at; NULL if none was';
COMMENT ON COLUMN ${prefix}repricing.at_id IS 'The id of that call';
COMMENT ON COLUMN ${prefix}repricing.looked_at IS 'How many calls it has looked at';
COMMENT ON COLUMN ${prefix}repricing.changed IS 'How many of them have another cost now';
COMMENT ON COLUMN ${prefix}repricing.unpriced_before IS 'How many of them used something and had no price';
COMMENT ON COLUMN ${prefix}repricing.unpriced_after IS 'How many of them have none now';
COMMENT ON COLUMN ${prefix}repricing.undecided IS 'How many kept their cost, because several exchanges with the provider were summed into them';

CREATE TABLE IF NOT EXISTS ${prefix}repricing_sum (
  run_id       UUID NOT NULL,
  organization VARCHAR_CASESENSITIVE NOT NULL,
  provider     VARCHAR_CASESENSITIVE NOT NULL,
  model        VARCHAR_CASESENSITIVE NOT NULL,
  currency     VARCHAR_CASESENSITIVE NOT NULL,
  calls        BIGINT NOT NULL,
  cost_before  DECIMAL(56,18) NOT NULL,
  cost_after   DECIMAL(56,18) NOT NULL,
  PRIMARY KEY (run_id, organization, provider, model, currency)
);

COMMENT ON TABLE ${prefix}repricing_sum IS 'What each run changed, by tenant, model and currency. Stays when the calls are deleted.';
COMMENT ON COLUMN ${prefix}repricing_sum.run_id IS 'The run';
COMMENT ON COLUMN ${prefix}repricing_sum.organization IS 'The tenant; empty if unattributed';
COMMENT ON COLUMN ${prefix}repricing_sum.provider IS 'Who serves the model';
COMMENT ON COLUMN ${prefix}repricing_sum.model IS 'The model';
COMMENT ON COLUMN ${prefix}repricing_sum.currency IS 'ISO 4217 code of both amounts';
COMMENT ON COLUMN ${prefix}repricing_sum.calls IS 'How many calls have another cost in this currency';
COMMENT ON COLUMN ${prefix}repricing_sum.cost_before IS 'What they had cost before';
COMMENT ON COLUMN ${prefix}repricing_sum.cost_after IS 'What they cost now';

CREATE TABLE IF NOT EXISTS ${prefix}repricing_event (
  event_id      UUID NOT NULL,
  run_id        UUID NOT NULL,
  repriced_at   TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  old_input     DECIMAL(38,18),
  old_output    DECIMAL(38,18),
  old_cache     DECIMAL(38,18),
  old_other     DECIMAL(38,18),
  old_currency  VARCHAR_CASESENSITIVE,
  old_reference VARCHAR_CASESENSITIVE,
  new_input     DECIMAL(38,18),
  new_output    DECIMAL(38,18),
  new_cache     DECIMAL(38,18),
  new_other     DECIMAL(38,18),
  new_currency  VARCHAR_CASESENSITIVE,
  new_reference VARCHAR_CASESENSITIVE,
  PRIMARY KEY (event_id, run_id)
);

COMMENT ON TABLE ${prefix}repricing_event IS 'What the cost of a call was before a run changed it, and after. Deleted with the call.';
COMMENT ON COLUMN ${prefix}repricing_event.event_id IS 'The call';
COMMENT ON COLUMN ${prefix}repricing_event.run_id IS 'The run';
COMMENT ON COLUMN ${prefix}repricing_event.repriced_at IS 'When, by the clock of the writer';
COMMENT ON COLUMN ${prefix}repricing_event.old_input IS 'cost_input before; the four old parts are NULL if there was no price';
COMMENT ON COLUMN ${prefix}repricing_event.old_output IS 'cost_output before';
COMMENT ON COLUMN ${prefix}repricing_event.old_cache IS 'cost_cache before';
COMMENT ON COLUMN ${prefix}repricing_event.old_other IS 'cost_other before';
COMMENT ON COLUMN ${prefix}repricing_event.old_currency IS 'Currency before; NULL if there was no price';
COMMENT ON COLUMN ${prefix}repricing_event.old_reference IS 'Which price had been applied';
COMMENT ON COLUMN ${prefix}repricing_event.new_input IS 'cost_input after; the four new parts are NULL if there is no price any more';
COMMENT ON COLUMN ${prefix}repricing_event.new_output IS 'cost_output after';
COMMENT ON COLUMN ${prefix}repricing_event.new_cache IS 'cost_cache after';
COMMENT ON COLUMN ${prefix}repricing_event.new_other IS 'cost_other after';
COMMENT ON COLUMN ${prefix}repricing_event.new_currency IS 'Currency after; NULL if there is no price any more';
COMMENT ON COLUMN ${prefix}repricing_event.new_reference IS 'Which price was applied';

CREATE INDEX IF NOT EXISTS ${prefix}repricing_event_by_run ON ${prefix}repricing_event (run_id);

MERGE INTO ${prefix}schema (version, script, applied_at) KEY (version)
  VALUES (5, 'V5__repricing.sql', CURRENT_TIMESTAMP);

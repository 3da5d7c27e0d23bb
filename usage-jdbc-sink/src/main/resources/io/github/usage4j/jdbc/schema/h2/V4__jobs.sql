-- Usage4j, schema version 4 for H2: what jobs remember. Applied by JdbcUsageStore, or by hand or Flyway after
-- replacing ${prefix} (by default usage_). Never edited once released: later versions are later files.

CREATE TABLE IF NOT EXISTS ${prefix}import (
  source         VARCHAR_CASESENSITIVE NOT NULL,
  input          VARCHAR_CASESENSITIVE NOT NULL,
  position       VARCHAR_CASESENSITIVE NOT NULL,
  read_count     BIGINT NOT NULL,
  stored_count   BIGINT NOT NULL,
  known_count    BIGINT NOT NULL,
  conflict_count BIGINT NOT NULL,
  left_out_count BIGINT NOT NULL,
  rejected_count BIGINT NOT NULL,
  finished       BOOLEAN NOT NULL,
  saved_at       TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  PRIMARY KEY (source, input)
);

COMMENT ON TABLE ${prefix}import IS 'How far each import has come. A run that was killed goes on from here.';
COMMENT ON COLUMN ${prefix}import.source IS 'The system that the records come from; it is part of the ids of their events';
COMMENT ON COLUMN ${prefix}import.input IS 'Which of its inputs: a file name, or the name of a query';
COMMENT ON COLUMN ${prefix}import.position IS 'Where the next run begins; its form belongs to the kind of input';
COMMENT ON COLUMN ${prefix}import.read_count IS 'How many records were read, over all runs';
COMMENT ON COLUMN ${prefix}import.stored_count IS 'How many of them became new events';
COMMENT ON COLUMN ${prefix}import.known_count IS 'How many were stored before';
COMMENT ON COLUMN ${prefix}import.conflict_count IS 'How many ids were stored before with other billable content, which stayed';
COMMENT ON COLUMN ${prefix}import.left_out_count IS 'How many the filter left out';
COMMENT ON COLUMN ${prefix}import.rejected_count IS 'How many could not be used';
COMMENT ON COLUMN ${prefix}import.finished IS 'Whether the end of the input was reached';
COMMENT ON COLUMN ${prefix}import.saved_at IS 'When this was written, by the clock of the writer';

CREATE TABLE IF NOT EXISTS ${prefix}job_lock (
  name       VARCHAR_CASESENSITIVE NOT NULL,
  owner      VARCHAR_CASESENSITIVE NOT NULL,
  taken_at   TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  expires_at TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  PRIMARY KEY (name)
);

COMMENT ON TABLE ${prefix}job_lock IS 'Which periodic work an instance is doing, so that one does it at a time.';
COMMENT ON COLUMN ${prefix}job_lock.name IS 'Which work';
COMMENT ON COLUMN ${prefix}job_lock.owner IS 'Who holds it: a new random value each time it is taken';
COMMENT ON COLUMN ${prefix}job_lock.taken_at IS 'Since when, by the clock of the owner';
COMMENT ON COLUMN ${prefix}job_lock.expires_at IS 'From when on another instance may take it, unless it is renewed';

CREATE TABLE IF NOT EXISTS ${prefix}month_close (
  grain         VARCHAR_CASESENSITIVE NOT NULL,
  starts_on     DATE NOT NULL,
  ends_on       DATE NOT NULL,
  organization  VARCHAR_CASESENSITIVE NOT NULL,
  user_id       VARCHAR_CASESENSITIVE NOT NULL,
  calls         BIGINT NOT NULL,
  succeeded     BIGINT NOT NULL,
  conversations BIGINT NOT NULL,
  p50_us        BIGINT,
  p95_us        BIGINT,
  total_tokens  BIGINT,
  costs         VARCHAR_CASESENSITIVE,
  closed_at     TIMESTAMP(6) WITH TIME ZONE NOT NULL,
  PRIMARY KEY (grain, starts_on, ends_on, organization, user_id)
);

COMMENT ON TABLE ${prefix}month_close IS 'What cannot be computed any more once the events of a period are deleted, and the totals of a closed billing period.';
COMMENT ON COLUMN ${prefix}month_close.grain IS 'O for the whole organization, U for one user of it';
COMMENT ON COLUMN ${prefix}month_close.starts_on IS 'The first day of the period in UTC: of a month, or of an anchored billing period';
COMMENT ON COLUMN ${prefix}month_close.ends_on IS 'The first day that no longer belongs to it';
COMMENT ON COLUMN ${prefix}month_close.organization IS 'The tenant; empty if unattributed';
COMMENT ON COLUMN ${prefix}month_close.user_id IS 'The actor; empty if unattributed, and in the row of the whole organization';
COMMENT ON COLUMN ${prefix}month_close.calls IS 'How many calls a limit let through';
COMMENT ON COLUMN ${prefix}month_close.succeeded IS 'How many of them were answered';
COMMENT ON COLUMN ${prefix}month_close.conversations IS 'How many different sessions they belong to';
COMMENT ON COLUMN ${prefix}month_close.p50_us IS 'Half of the answered calls took at most so many microseconds (nearest rank); NULL if there are none';
COMMENT ON COLUMN ${prefix}month_close.p95_us IS '95 of 100 answered calls took at most so many microseconds (nearest rank)';
COMMENT ON COLUMN ${prefix}month_close.total_tokens IS 'All tokens of the period when it was closed; NULL if none is known';
COMMENT ON COLUMN ${prefix}month_close.costs IS 'JSON object: the cost by currency when it was closed; NULL if nothing had a price';
COMMENT ON COLUMN ${prefix}month_close.closed_at IS 'When this was written, by the clock of the writer';

MERGE INTO ${prefix}schema (version, script, applied_at) KEY (version)
  VALUES (4, 'V4__jobs.sql', CURRENT_TIMESTAMP);

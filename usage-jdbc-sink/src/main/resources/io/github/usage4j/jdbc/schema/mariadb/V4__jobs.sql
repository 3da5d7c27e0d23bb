-- Usage4j, schema version 4 for MariaDB: what jobs remember. Applied by JdbcUsageStore, or by hand or Flyway after
-- replacing ${prefix} (by default usage_). Never edited once released: later versions are later files.

CREATE TABLE IF NOT EXISTS ${prefix}import (
  source         VARCHAR(128) NOT NULL COMMENT 'The system that the records come from; it is part of the ids of their events',
  input          VARCHAR(256) NOT NULL COMMENT 'Which of its inputs: a file name, or the name of a query',
  position       TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL COMMENT 'Where the next run begins; its form belongs to the kind of input',
  read_count     BIGINT NOT NULL COMMENT 'How many records were read, over all runs',
  stored_count   BIGINT NOT NULL COMMENT 'How many of them became new events',
  known_count    BIGINT NOT NULL COMMENT 'How many were stored before',
  conflict_count BIGINT NOT NULL COMMENT 'How many ids were stored before with other billable content, which stayed',
  left_out_count BIGINT NOT NULL COMMENT 'How many the filter left out',
  rejected_count BIGINT NOT NULL COMMENT 'How many could not be used',
  finished       BOOLEAN NOT NULL COMMENT 'Whether the end of the input was reached',
  saved_at       DATETIME(6) NOT NULL COMMENT 'When this was written, by the clock of the writer',
  PRIMARY KEY (source, input)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin COMMENT='How far each import has come. A run that was killed goes on from here.';

CREATE TABLE IF NOT EXISTS ${prefix}job_lock (
  name       VARCHAR(256) NOT NULL COMMENT 'Which work',
  owner      VARCHAR(128) NOT NULL COMMENT 'Who holds it: a new random value each time it is taken',
  taken_at   DATETIME(6) NOT NULL COMMENT 'Since when, by the clock of the owner',
  expires_at DATETIME(6) NOT NULL COMMENT 'From when on another instance may take it, unless it is renewed',
  PRIMARY KEY (name)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin COMMENT='Which periodic work an instance is doing, so that one does it at a time.';

CREATE TABLE IF NOT EXISTS ${prefix}month_close (
  grain         VARCHAR(1) NOT NULL COMMENT 'O for the whole organization, U for one user of it',
  starts_on     DATE NOT NULL COMMENT 'The first day of the period in UTC: of a month, or of an anchored billing period',
  ends_on       DATE NOT NULL COMMENT 'The first day that no longer belongs to it',
  organization  VARCHAR(128) NOT NULL COMMENT 'The tenant; empty if unattributed',
  user_id       VARCHAR(128) NOT NULL COMMENT 'The actor; empty if unattributed, and in the row of the whole organization',
  calls         BIGINT NOT NULL COMMENT 'How many calls a limit let through',
  succeeded     BIGINT NOT NULL COMMENT 'How many of them were answered',
  conversations BIGINT NOT NULL COMMENT 'How many different sessions they belong to',
  p50_us        BIGINT COMMENT 'Half of the answered calls took at most so many microseconds (nearest rank); NULL if there are none',
  p95_us        BIGINT COMMENT '95 of 100 answered calls took at most so many microseconds (nearest rank)',
  total_tokens  BIGINT COMMENT 'All tokens of the period when it was closed; NULL if none is known',
  costs         TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin COMMENT 'JSON object: the cost by currency when it was closed; NULL if nothing had a price',
  closed_at     DATETIME(6) NOT NULL COMMENT 'When this was written, by the clock of the writer',
  PRIMARY KEY (grain, starts_on, ends_on, organization, user_id)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin COMMENT='What cannot be computed any more once the events of a period are deleted, and the totals of a closed billing period.';

INSERT IGNORE INTO ${prefix}schema (version, script, applied_at)
  VALUES (4, 'V4__jobs.sql', UTC_TIMESTAMP(6));

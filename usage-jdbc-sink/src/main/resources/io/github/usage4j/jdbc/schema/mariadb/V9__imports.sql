-- Usage4j, schema version 9 for MariaDB: how many records of an import stated a call once more. Replace ${prefix} (by
-- default usage_). Every statement may be repeated, because MariaDB commits each one.

ALTER TABLE ${prefix}import
  ADD COLUMN IF NOT EXISTS merged_count BIGINT DEFAULT 0 NOT NULL COMMENT 'How many records stated a call that an earlier one had stated already',
  ADD COLUMN IF NOT EXISTS shrunk_count BIGINT DEFAULT 0 NOT NULL COMMENT 'How many of these stated a figure smaller than before; the larger one was kept';

INSERT INTO ${prefix}schema (version, script, applied_at)
  VALUES (9, 'V9__imports.sql', UTC_TIMESTAMP(6))
  ON DUPLICATE KEY UPDATE version = version;

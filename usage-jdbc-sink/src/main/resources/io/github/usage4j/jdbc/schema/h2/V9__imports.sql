-- Usage4j, schema version 9 for H2: how many records of an import stated a call once more. Replace ${prefix} (by
-- default usage_). Every statement may be repeated, because H2 commits each one.

ALTER TABLE ${prefix}import ADD COLUMN IF NOT EXISTS merged_count BIGINT DEFAULT 0 NOT NULL;
ALTER TABLE ${prefix}import ADD COLUMN IF NOT EXISTS shrunk_count BIGINT DEFAULT 0 NOT NULL;
COMMENT ON COLUMN ${prefix}import.merged_count IS 'How many records stated a call that an earlier one had stated already';
COMMENT ON COLUMN ${prefix}import.shrunk_count IS 'How many of these stated a figure smaller than before; the larger one was kept';

MERGE INTO ${prefix}schema (version, script, applied_at) KEY (version)
  VALUES (9, 'V9__imports.sql', CURRENT_TIMESTAMP);

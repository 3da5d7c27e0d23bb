-- Usage4j: row-level security for PostgreSQL 15 and newer. Applied by UsageMaintenance, or by hand as the owner of the
-- tables after replacing ${schema} and ${prefix} (by default public and usage_), in one transaction. May be repeated;
-- apply it again after each upgrade of the schema, and open the stores again after applying it for the first time.
--
-- Who reads is said by three settings, for one transaction: SELECT set_config('usage4j.organization', 'acme', true).
--   usage4j.organization  a member of this organization: sees its rows
--   usage4j.user          and only this user's, if it is set and not empty
--   usage4j.admin         'on': sees and changes everything, as every writer must
-- Nothing set: no rows. The owner of the tables is no exception; a superuser and a role with BYPASSRLS are.

DO $script$
DECLARE
  admin   CONSTANT text := $$(SELECT current_setting('usage4j.admin', true)) = 'on'$$;
  nobody  CONSTANT text := $$false$$;
  -- An empty text is what a setting becomes after a transaction that had set it.
  member  CONSTANT text := $$organization = (SELECT NULLIF(current_setting('usage4j.organization', true), ''))$$;
  anyone  CONSTANT text := $$(SELECT NULLIF(current_setting('usage4j.user', true), '')) IS NULL$$;
  own     CONSTANT text := $$user_id = (SELECT NULLIF(current_setting('usage4j.user', true), ''))$$;
  member_or_own CONSTANT text := member || ' AND (' || anyone || ' OR ' || own || ')';
  -- Limits, counters, grants and alerts: those of the organization, or of one user of it.
  member_or_subject CONSTANT text := member || ' AND (' || anyone || ' OR (subject = ''USER'' AND '
    || $$subject_id = (SELECT NULLIF(current_setting('usage4j.user', true), ''))))$$;
  account CONSTANT text := $$account = (SELECT NULLIF(current_setting('usage4j.organization', true), ''))$$ || ' AND ' || anyone;
  seen    text;
  rel     text;
  role    text;
BEGIN
  IF current_setting('server_version_num')::int < 150000 THEN
    RAISE EXCEPTION 'row-level security needs PostgreSQL 15, because a view of an older one shows the rows of everybody';
  END IF;

  FOREACH role IN ARRAY ARRAY['${prefix}writer', '${prefix}reader'] LOOP
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = role) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', role);
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA ${schema} TO %I', role);
  END LOOP;

  FOR rel, seen IN
    SELECT * FROM (VALUES
      ('event',       member_or_own),
      ('event_tag',   'EXISTS (SELECT 1 FROM ${schema}.${prefix}event e WHERE e.id = event_id)'),
      ('rollup',      member_or_own),
      ('organization_rollup', member || ' AND ' || anyone),
      -- The name of a customer is shown to who has calls for that customer; the policy of the calls decides.
      ('label',       member || ' AND (' || anyone || ' OR (kind = ''USER'' AND id = (SELECT current_setting(''usage4j.user'', true)))'
                      || ' OR (kind = ''CUSTOMER'' AND EXISTS (SELECT 1 FROM ${schema}.${prefix}event e'
                      || ' WHERE e.organization = ${prefix}label.organization AND e.customer_id = ${prefix}label.id)))'),
      -- How far back single calls are kept, for all and for the member's organization: no usage is in it.
      ('horizon',     '(scope = ''A'' AND (SELECT NULLIF(current_setting(''usage4j.organization'', true), '''')) IS NOT NULL) OR ' || member),
      ('month_close', member_or_own || ' AND (grain = ''U'' OR ' || anyone || ')'),
      ('limit',          member_or_subject),
      ('limit_change',   nobody),
      ('limit_state',    member_or_subject),
      ('limit_holder',   nobody),
      ('limit_lease',    nobody),
      ('limit_grant',    member_or_subject),
      ('alert',          member_or_subject),
      ('billing_period', member || ' AND ' || anyone),
      ('credit',         account),
      ('credit_account', account),
      ('credit_lot',     account),
      ('import',      nobody),
      ('job_lock',    nobody),
      -- A run may be about several organizations; what it changed for one is in its sums and calls.
      ('repricing',   nobody),
      ('repricing_sum', member || ' AND ' || anyone),
      ('repricing_event', 'EXISTS (SELECT 1 FROM ${schema}.${prefix}event e WHERE e.id = event_id)'),
      -- Which scripts were applied: the same for everybody, and asked when a store is opened.
      ('schema',      'true')
    ) AS policies (rel, seen)
  LOOP
    EXECUTE format('ALTER TABLE ${schema}.${prefix}%s ENABLE ROW LEVEL SECURITY', rel);
    EXECUTE format('ALTER TABLE ${schema}.${prefix}%s FORCE ROW LEVEL SECURITY', rel);
    EXECUTE format('DROP POLICY IF EXISTS ${prefix}admin ON ${schema}.${prefix}%s', rel);
    EXECUTE format('CREATE POLICY ${prefix}admin ON ${schema}.${prefix}%s FOR ALL USING (%s) WITH CHECK (%s)', rel, admin, admin);
    EXECUTE format('DROP POLICY IF EXISTS ${prefix}member ON ${schema}.${prefix}%s', rel);
    EXECUTE format('CREATE POLICY ${prefix}member ON ${schema}.${prefix}%s FOR SELECT USING (%s)', rel, seen);
    EXECUTE format('GRANT SELECT ON ${schema}.${prefix}%s TO ${prefix}reader', rel);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ${schema}.${prefix}%s TO ${prefix}writer', rel);
  END LOOP;
  REVOKE INSERT, UPDATE, DELETE ON ${schema}.${prefix}schema FROM ${prefix}writer;

  -- Partitions are reached through their tables, whose policies decide. Nobody reads one by its own name: it has none.
  FOR seen IN
    SELECT i.inhrelid::regclass::text FROM pg_inherits i
     WHERE i.inhparent IN ('${schema}.${prefix}event'::regclass, '${schema}.${prefix}event_tag'::regclass)
  LOOP
    EXECUTE 'ALTER TABLE ' || seen || ' ENABLE ROW LEVEL SECURITY';
    EXECUTE 'ALTER TABLE ' || seen || ' FORCE ROW LEVEL SECURITY';
  END LOOP;

  -- With the rights of who asks: else a view shows what its owner may see.
  FOREACH rel IN ARRAY ARRAY['operation'] LOOP
    EXECUTE format('ALTER VIEW ${schema}.${prefix}%s SET (security_invoker = true)', rel);
    EXECUTE format('GRANT SELECT ON ${schema}.${prefix}%s TO ${prefix}reader, ${prefix}writer', rel);
  END LOOP;
END
$script$;

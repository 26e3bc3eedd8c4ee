/**
 * The store's functions for presence and flips; the steps in the comments are those of "The flip across
 * a fleet" in src/README.md. Names are bare: the search_path is the store's own schema while this runs,
 * and each function keeps it.
 */
export function flipFunctions(schema: string): string {
  return `
-- Whether the advisory lock of an instance is held.
CREATE FUNCTION is_live(instance integer) RETURNS boolean LANGUAGE sql SET search_path FROM CURRENT AS $$
  SELECT EXISTS (
    SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
    WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.granted
      AND l.objsubid = 1 AND l.classid = '${schema}'::regnamespace AND l.objid = instance::oid)
$$;

-- I1: a new row, and its lock on this connection. What this instance was before is gone.
CREATE FUNCTION join_fleet(before integer, version text, host text, process_id integer, lease_ms integer)
RETURNS integer LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
#variable_conflict use_column
DECLARE
  own integer;
BEGIN
  DELETE FROM instances i WHERE i.id = before
    OR (i.last_seen <= clock_timestamp() - i.lease_ms * interval '1 ms' AND NOT is_live(i.id));
  INSERT INTO instances (version, host, process_id, lease_ms)
    VALUES (join_fleet.version, join_fleet.host, join_fleet.process_id, join_fleet.lease_ms)
    RETURNING id INTO own;
  PERFORM pg_advisory_lock(('${schema}'::regnamespace::oid::bigint << 32) | own);
  RETURN own;
END $$;

-- I2. Null: this instance is not known any more.
CREATE FUNCTION beat(instance integer, applied bigint, refused text) RETURNS jsonb
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE instances SET last_seen = clock_timestamp(), revision = applied, problem = refused
    WHERE id = instance;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  RETURN jsonb_build_object(
    'version', (SELECT version FROM store),
    'revision', (SELECT revision FROM store),
    'flips', (SELECT coalesce(jsonb_agg(jsonb_build_object('epoch', epoch, 'relation', relation::bigint,
      'content', content, 'left', left_ms(started_at, hold_ms), 'margin', margin_ms)), '[]')
      FROM flips WHERE state = 'holding'));
END $$;

-- Milliseconds until so long after a moment; negative when that is over.
CREATE FUNCTION left_ms(since timestamptz, ms integer) RETURNS integer
LANGUAGE sql SET search_path FROM CURRENT AS $$
  SELECT floor(ms - extract(epoch FROM clock_timestamp() - since) * 1000)::integer
$$;

-- I4; nothing where the flip is over.
CREATE FUNCTION acknowledge(flip bigint, instance integer) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT AS $$
  INSERT INTO acknowledgements (epoch, instance_id)
    SELECT f.epoch, instance FROM flips f WHERE f.epoch = flip AND f.state = 'holding'
    ON CONFLICT DO NOTHING;
  SELECT pg_notify('${schema}', 'acknowledged')
$$;

-- I6.
CREATE FUNCTION withdraw(flip bigint, instance integer) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT AS $$
  UPDATE acknowledgements SET withdrawn_at = clock_timestamp()
    WHERE epoch = flip AND instance_id = instance
$$;

-- The instances that count, and have not acknowledged this flip.
CREATE FUNCTION missing(flip bigint)
RETURNS TABLE (id integer, host text, process_id integer, in_limbo boolean, problem text)
LANGUAGE sql SET search_path FROM CURRENT AS $$
  SELECT i.id, i.host, i.process_id, NOT is_live(i.id), i.problem FROM instances i
  WHERE NOT EXISTS (SELECT FROM acknowledgements a
      WHERE a.epoch = flip AND a.instance_id = i.id AND a.withdrawn_at IS NULL)
    AND (i.last_seen > clock_timestamp() - i.lease_ms * interval '1 ms' OR is_live(i.id))
$$;

CREATE FUNCTION names_of_relation(relation oid) RETURNS text LANGUAGE sql SET search_path FROM CURRENT AS $$
  SELECT format('%I.%I', n.nspname, c.relname) || ARRAY(
    SELECT a.attname::text FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)::text
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation
$$;

-- C1 and C2. Either an epoch, or why not yet.
CREATE FUNCTION begin_flip(relation oid, schema_name text, table_name text, content text,
  coordinator text, hold_ms integer, margin_ms integer, OUT epoch bigint, OUT busy text)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
#variable_conflict use_column
BEGIN
  SELECT format('instance %s (%s, process %s) has lost its control connection', id, host, process_id)
    INTO busy FROM missing(0) WHERE in_limbo LIMIT 1;
  IF busy IS NOT NULL THEN
    RETURN;
  END IF;
  INSERT INTO flips
    (relation, schema_name, table_name, content, coordinator, hold_ms, margin_ms, names_before)
    VALUES (begin_flip.relation, begin_flip.schema_name, begin_flip.table_name, begin_flip.content,
      begin_flip.coordinator, begin_flip.hold_ms, begin_flip.margin_ms,
      names_of_relation(begin_flip.relation))
    ON CONFLICT DO NOTHING RETURNING flips.epoch INTO begin_flip.epoch;
  IF begin_flip.epoch IS NULL THEN
    busy := 'another flip of this relation is under way';
    RETURN;
  END IF;
  UPDATE windows w SET state = 'holding', epoch = begin_flip.epoch
    WHERE w.schema_name = begin_flip.schema_name AND w.table_name = begin_flip.table_name
      AND w.state IN ('open', 'flipped');
  PERFORM pg_notify('${schema}', 'flip');
END $$;

-- C4 to C6, within the transaction of the rename, whoever runs it: milliseconds that are left for it.
-- Holds the flip's row until that transaction ends.
CREATE FUNCTION fence(relation oid) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT AS $$
DECLARE
  flip flips;
  awaited text;
  time_left integer;
  -- This function runs as its owner.
  caller name := coalesce(nullif(current_setting('role'), 'none'), session_user);
  name text;
BEGIN
  -- The flip's row is locked for nobody who could not rename anyway.
  SELECT c.relname INTO name FROM pg_class c
    WHERE c.oid = fence.relation AND NOT pg_has_role(caller, c.relowner, 'USAGE');
  IF FOUND THEN
    RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = 'must be owner of table ' || name;
  END IF;
  SELECT * INTO flip FROM flips f WHERE f.relation = fence.relation AND f.state = 'holding'
    FOR UPDATE NOWAIT;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = '55P03', MESSAGE = 'straddle: the instances do not hold for this rename',
      DETAIL = 'They have not agreed on it in time, or the hold is over.', HINT = 'Run it again.';
  END IF;
  SELECT string_agg(format('%s (%s, process %s)', m.id, m.host, m.process_id), ', ') INTO awaited
    FROM missing(flip.epoch) m;
  time_left := left_ms(flip.started_at, flip.hold_ms - flip.margin_ms);
  IF awaited IS NOT NULL OR time_left <= 0 THEN
    RAISE EXCEPTION USING ERRCODE = '55P03', MESSAGE = 'straddle: the instances do not hold for this rename',
      DETAIL = coalesce('Not acknowledged by instance ' || awaited || '.', 'The hold is over.'),
      HINT = 'Run it again.';
  END IF;
  RETURN time_left;
END $$;

-- old, new, mixed or missing: what the catalog calls what a window renames.
CREATE FUNCTION names_of(window_id bigint) RETURNS text LANGUAGE sql SET search_path FROM CURRENT AS $$
  WITH w AS (SELECT * FROM windows WHERE id = window_id),
  relation AS (
    SELECT c.oid, c.relname FROM w JOIN pg_namespace n ON n.nspname = w.schema_name
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname IN (w.table_name, w.rename_table)
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f')),
  names AS (
    SELECT relation.relname = w.rename_table AS is_new FROM w, relation WHERE w.rename_table IS NOT NULL
    UNION ALL
    -- Where both are there, nobody can tell.
    SELECT (SELECT CASE WHEN count(*) = 1 THEN bool_or(a.attname = r.value) END FROM pg_attribute a
      WHERE a.attrelid = relation.oid AND a.attname IN (r.key, r.value) AND NOT a.attisdropped)
    FROM w, relation, jsonb_each_text(w.renames) r)
  SELECT CASE WHEN count(*) = 0 OR bool_or(is_new IS NULL) THEN 'missing'
    WHEN bool_and(is_new) THEN 'new' WHEN bool_or(is_new) THEN 'mixed' ELSE 'old' END
  FROM names
$$;

-- The state of a table's windows, as the catalog has it.
CREATE FUNCTION settle_windows(of_schema text, of_table text) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT AS $$
  UPDATE windows w SET state = CASE names_of(w.id) WHEN 'new' THEN 'flipped' ELSE 'open' END
  WHERE w.schema_name = of_schema AND w.table_name = of_table
    AND w.state IN ('open', 'holding', 'flipped')
    AND w.state <> CASE names_of(w.id) WHEN 'new' THEN 'flipped' ELSE 'open' END
$$;

-- The end of C6 and C7: the flip's state becomes what the catalog says. False while its rename is under way.
CREATE FUNCTION end_flip(flip bigint, why text) RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  ended flips;
BEGIN
  SELECT * INTO ended FROM flips WHERE epoch = flip FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN NOT EXISTS (SELECT FROM flips WHERE epoch = flip AND state = 'holding');
  END IF;
  IF ended.state <> 'holding' THEN
    RETURN true;
  END IF;
  UPDATE flips SET ended_at = clock_timestamp(), note = why,
    state = CASE WHEN names_of_relation(relation) IS DISTINCT FROM names_before
      THEN 'flipped' ELSE 'aborted' END
    WHERE epoch = flip;
  PERFORM settle_windows(ended.schema_name, ended.table_name);
  PERFORM pg_notify('${schema}', 'flip');
  RETURN true;
END $$;

-- R: flips that nobody ends. How many.
CREATE FUNCTION recover() RETURNS integer LANGUAGE sql SET search_path FROM CURRENT AS $$
  SELECT count(*)::integer FROM (SELECT epoch FROM flips
    WHERE state = 'holding' AND left_ms(started_at, hold_ms) < 0 ORDER BY epoch) f
  WHERE end_flip(f.epoch, 'its coordinator did not end it')
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ${schema} FROM PUBLIC;
-- Sessions that rename run the fence as themselves: it is for owners of the relation, whoever they are.
GRANT USAGE ON SCHEMA ${schema} TO PUBLIC;
GRANT EXECUTE ON FUNCTION fence(oid) TO PUBLIC`;
}

import { flipFunctions } from "./flip-sql.ts";

/**
 * The store's schema, as SQL by version: the one place where it is written down. A version that has
 * been released is never changed; what comes after it is a version of its own. `schema` is a plain
 * identifier (`control.schema`), and the channel of notifications as well.
 */
export const STORE_VERSIONS: readonly ((schema: string) => string)[] = [
  (schema) => `${versionOne(schema)};\n${flipFunctions(schema)}`,
];

/** Who may do what. Everything is safe to run again. */
export function grantsSql(
  schema: string,
  roles: { readonly sidecars: readonly string[]; readonly operators: readonly string[] },
): string[] {
  const sidecar = (role: string) => [
    `GRANT USAGE ON SCHEMA ${schema} TO ${role}`,
    `GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${role}`,
    `GRANT INSERT, UPDATE, DELETE ON ${schema}.instances, ${schema}.flips,
       ${schema}.acknowledgements, ${schema}.ledger TO ${role}`,
    `GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${schema} TO ${role}`,
    `GRANT UPDATE (state, epoch) ON ${schema}.windows TO ${role}`,
  ];
  const operator = (role: string) => [
    ...sidecar(role),
    `GRANT INSERT, UPDATE, DELETE ON ${schema}.windows TO ${role}`,
  ];
  return [...roles.sidecars.flatMap(sidecar), ...roles.operators.flatMap(operator)];
}

/** Names are bare: the search_path is the store's own schema while this runs. */
function versionOne(schema: string): string {
  return `
-- One row: what this schema is, and how often its windows have changed.
CREATE TABLE store (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  version integer NOT NULL,
  revision bigint NOT NULL DEFAULT 0
);
INSERT INTO store (version) VALUES (0);

-- A window as in the file, and where it is in its life. Instances have it in force while its state is
-- open, holding, flipped or closing. One that does not know its kind or format refuses it.
CREATE TABLE windows (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL DEFAULT 'rename',
  format integer NOT NULL DEFAULT 1,
  schema_name text NOT NULL,
  table_name text NOT NULL,
  rename_table text,
  renames jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(renames) = 'object'),
  old_range text NOT NULL,
  new_range text NOT NULL,
  app text,
  closes date,
  state text NOT NULL DEFAULT 'planned'
    CHECK (state IN ('planned', 'open', 'holding', 'flipped', 'closing', 'closed')),
  -- Of the last flip.
  epoch bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK (rename_table IS NOT NULL OR renames <> '{}')
);

-- Each move of a window: who and when. A note comes from the setting straddle.note.
CREATE TABLE history (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  window_id bigint NOT NULL REFERENCES windows ON DELETE CASCADE,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  state_before text,
  state_after text NOT NULL,
  epoch bigint NOT NULL,
  by_role text NOT NULL,
  by_application text NOT NULL,
  by_address inet,
  note text NOT NULL
);
CREATE INDEX ON history (window_id, id);

-- Processes of Straddle. One is alive while its control connection holds the advisory lock whose key
-- is (this schema's oid, id); lease_ms after last_seen it is gone for good without it.
CREATE TABLE instances (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  version text NOT NULL,
  host text NOT NULL,
  process_id integer NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  last_seen timestamptz NOT NULL DEFAULT clock_timestamp(),
  lease_ms integer NOT NULL CHECK (lease_ms > 0),
  -- Of the store's windows that it has in force.
  revision bigint NOT NULL DEFAULT 0,
  -- What it refuses, and why; empty where all is well.
  problem text NOT NULL DEFAULT ''
);

-- Renames, one at a time for each relation; of windows in this store, in files, or both.
CREATE TABLE flips (
  epoch bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  relation oid NOT NULL,
  -- As windows name it.
  schema_name text NOT NULL,
  table_name text NOT NULL,
  -- The table's windows as the coordinator has them in force: who has others does not acknowledge.
  content text NOT NULL,
  coordinator text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  hold_ms integer NOT NULL CHECK (hold_ms > 0),
  -- How long before the end of the hold the rename has to be over.
  margin_ms integer NOT NULL CHECK (margin_ms > 0 AND margin_ms < hold_ms),
  state text NOT NULL DEFAULT 'holding' CHECK (state IN ('holding', 'flipped', 'aborted')),
  ended_at timestamptz,
  -- The relation's names when it began.
  names_before text,
  note text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX ON flips (relation) WHERE state = 'holding';
CREATE INDEX ON flips (schema_name, table_name, epoch);

-- An instance keeps back first touches of the flip's relation, and has none on its way.
CREATE TABLE acknowledgements (
  epoch bigint NOT NULL REFERENCES flips ON DELETE CASCADE,
  instance_id integer NOT NULL REFERENCES instances ON DELETE CASCADE,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  withdrawn_at timestamptz,
  PRIMARY KEY (epoch, instance_id)
);

-- Which version last used which column; column_name is empty for the table itself.
CREATE TABLE ledger (
  app text NOT NULL,
  version text NOT NULL,
  schema_name text NOT NULL,
  table_name text NOT NULL,
  column_name text NOT NULL,
  first_seen timestamptz NOT NULL,
  last_seen timestamptz NOT NULL,
  count bigint NOT NULL DEFAULT 0,
  fingerprints text[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (schema_name, table_name, column_name, app, version)
);
CREATE INDEX ON ledger (last_seen);

CREATE FUNCTION check_move() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  moves constant jsonb := '{
    "planned": ["open", "closed"],
    "open": ["holding", "flipped", "closing"],
    "holding": ["open", "flipped"],
    "flipped": ["holding", "open", "closing"],
    "closing": ["open", "flipped", "closed"],
    "closed": []
  }';
BEGIN
  IF NEW.state <> OLD.state AND NOT moves -> OLD.state ? NEW.state THEN
    RAISE EXCEPTION USING ERRCODE = '55000',
      MESSAGE = format('window %s is %s, and can''t become %s', OLD.id, OLD.state, NEW.state);
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER check_move BEFORE UPDATE ON windows FOR EACH ROW EXECUTE FUNCTION check_move();

-- As the owner: nobody else writes the history.
CREATE FUNCTION record_move() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT AS $$
DECLARE
  before text := CASE WHEN TG_OP = 'UPDATE' THEN OLD.state END;
BEGIN
  IF before IS DISTINCT FROM NEW.state THEN
    INSERT INTO history
      (window_id, state_before, state_after, epoch, by_role, by_application, by_address, note)
    VALUES (NEW.id, before, NEW.state, NEW.epoch, session_user,
      current_setting('application_name'), inet_client_addr(),
      coalesce(current_setting('straddle.note', true), ''));
  END IF;
  UPDATE store SET revision = revision + 1;
  PERFORM pg_notify('${schema}', 'windows');
  RETURN NULL;
END $$;
CREATE TRIGGER record_move AFTER INSERT OR UPDATE ON windows
  FOR EACH ROW EXECUTE FUNCTION record_move()`;
}

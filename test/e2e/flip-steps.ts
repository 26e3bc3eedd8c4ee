import type pg from "pg";

/**
 * Where a coordinator can be stopped on its way through a flip, and how: by what a server has anyway, locks that
 * somebody holds, instances that do not answer, triggers. The steps are those of "The flip across a fleet" in
 * src/README.md.
 */
export interface StepStage {
  /** Holds locks in a transaction of its own, until it rolls back. */
  readonly blocker: pg.Client;
  /** For looks, and what is committed at once. */
  readonly direct: pg.Client;
  /** Waits until a condition in SQL is true. */
  reached(condition: string): Promise<void>;
  /** A member of the fleet that holds its lock, and never acknowledges. */
  guestJoins(): Promise<void>;
  guestLeaves(): Promise<void>;
}

export interface FlipStep {
  readonly title: string;
  /** Before the coordinator begins. */
  prepare(stage: StepStage): Promise<void>;
  /** Settles when the coordinator is at the step, and can't go on. */
  arrive(stage: StepStage): Promise<void>;
  /**
   * Whether what the coordinator leaves on the server has the table locked, so that only the way's being free ends
   * the others' wait.
   */
  readonly isTableLocked?: true;
  /** Where it is a session that renames, its transaction is over. */
  readonly isRenamed?: true;
}

/** Of the triggers below: whoever wants it waits while the blocker has it. */
const ADVISORY = 4711;

const waits = (lock: string) => `EXISTS (SELECT FROM pg_locks WHERE NOT granted AND ${lock})`;
const IS_ACKNOWLEDGED = `EXISTS (SELECT FROM straddle.flips f WHERE state = 'holding' AND
  (SELECT count(*) FROM straddle.acknowledgements a WHERE a.epoch = f.epoch) =
  (SELECT count(*) - 1 FROM straddle.instances WHERE straddle.is_live(id)))`;
const WAITS_FOR_TABLE = waits("relation = 'orders'::regclass AND mode = 'AccessExclusiveLock'");
const WAITS_FOR_ADVISORY = waits(`locktype = 'advisory' AND objid = ${ADVISORY}`);
const WRITES_END = `EXISTS (SELECT FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%end_flip%')`;

/** All have acknowledged but the guest. */
async function acknowledged({ reached }: StepStage): Promise<void> {
  await reached(IS_ACKNOWLEDGED);
}

async function lock(client: pg.Client, sql: string): Promise<void> {
  await client.query(`BEGIN; ${sql}`);
}

const WINDOW_ROW = "SELECT FROM straddle.windows WHERE table_name = 'orders' FOR UPDATE";

/** The second look of C5 takes no lock that the first one has not taken: there nothing can stop it. */
export const STEPS: readonly FlipStep[] = [
  {
    title: "waits for an instance that is cut off (C1)",
    prepare: async ({ direct }) => {
      await direct.query(`INSERT INTO straddle.instances (version, host, process_id, lease_ms)
        VALUES ('0', 'limbo', 0, 600000)`);
    },
    // The command looks who is in its way, between two attempts.
    arrive: ({ reached }) =>
      reached(`EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
        AND pid <> pg_backend_pid() AND application_name LIKE 'straddle%' AND
        (query LIKE '%begin_flip%' OR query LIKE '%has had a transaction open%'))`),
  },
  {
    title: "writes the flip's row (C2)",
    prepare: ({ blocker }) => lock(blocker, "LOCK TABLE straddle.flips IN SHARE MODE"),
    arrive: ({ reached }) =>
      reached(waits("relation = 'straddle.flips'::regclass AND mode = 'RowExclusiveLock'")),
  },
  {
    title: "waits for acknowledgements (C3)",
    prepare: ({ guestJoins }) => guestJoins(),
    arrive: acknowledged,
  },
  {
    title: "looks at the flip's row in the rename's transaction (C4)",
    prepare: ({ guestJoins }) => guestJoins(),
    async arrive(stage) {
      await acknowledged(stage);
      await lock(stage.blocker, "LOCK TABLE straddle.flips IN EXCLUSIVE MODE");
      await stage.guestLeaves();
      await stage.reached(waits("relation = 'straddle.flips'::regclass AND mode = 'RowShareLock'"));
    },
  },
  {
    title: "waits for the table's lock (C5)",
    prepare: ({ blocker }) => lock(blocker, "SELECT FROM orders LIMIT 1"),
    arrive: ({ reached }) => reached(WAITS_FOR_TABLE),
  },
  {
    title: "has renamed, and not committed (C6)",
    prepare: async ({ direct, blocker }) => {
      await direct.query(`CREATE FUNCTION stop_there() RETURNS event_trigger LANGUAGE plpgsql
          AS $$ BEGIN PERFORM pg_advisory_xact_lock(${ADVISORY}); END $$;
        CREATE EVENT TRIGGER stop_there ON ddl_command_end WHEN TAG IN ('ALTER TABLE')
          EXECUTE FUNCTION stop_there()`);
      await lock(blocker, `SELECT pg_advisory_xact_lock(${ADVISORY})`);
    },
    arrive: ({ reached }) => reached(WAITS_FOR_ADVISORY),
    isTableLocked: true,
  },
  {
    title: "writes what has become of the flip (C6)",
    prepare: ({ guestJoins }) => guestJoins(),
    async arrive(stage) {
      await acknowledged(stage);
      await lock(stage.blocker, WINDOW_ROW);
      await stage.guestLeaves();
      await stage.reached(WRITES_END);
    },
    isTableLocked: true,
    isRenamed: true,
  },
  {
    title: "commits what has become of the flip (C6)",
    prepare: async ({ direct, blocker }) => {
      await direct.query(`CREATE FUNCTION stop_there() RETURNS trigger LANGUAGE plpgsql
          AS $$ BEGIN PERFORM pg_advisory_xact_lock(${ADVISORY}); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER stop_there AFTER UPDATE ON straddle.windows
          DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
          WHEN (OLD.state = 'holding') EXECUTE FUNCTION stop_there()`);
      await lock(blocker, `SELECT pg_advisory_xact_lock(${ADVISORY})`);
    },
    arrive: ({ reached }) => reached(WAITS_FOR_ADVISORY),
    isTableLocked: true,
    isRenamed: true,
  },
  {
    title: "gives up (C7)",
    prepare: ({ guestJoins }) => guestJoins(),
    async arrive(stage) {
      await acknowledged(stage);
      await lock(stage.blocker, WINDOW_ROW);
      await stage.reached(WRITES_END);
    },
  },
];

/** Takes out of the way what the steps have put there. */
export async function clearWay({ blocker, direct, guestLeaves }: StepStage): Promise<void> {
  await blocker.query("ROLLBACK");
  await guestLeaves();
  await direct.query(`DROP EVENT TRIGGER IF EXISTS stop_there`);
  await direct.query(`DROP TRIGGER IF EXISTS stop_there ON straddle.windows`);
  await direct.query(`DROP FUNCTION IF EXISTS stop_there;
    DELETE FROM straddle.instances WHERE host = 'limbo'`);
}

/** Several at once on the same settings, in a real PostgreSQL: nothing is lost, nobody waits for ever. */
import type { Client } from "pg";
import { apply, read, restore } from "../../immich/settings";
import { type Settings, type StoreName, STORES } from "../../immich/types";
import { GOOD } from "../support/badSettings";
import {
  contents,
  ImmichDatabases,
  type Place,
  refusal,
  untilSomebodyWaits,
  VERSIONS,
} from "../support/immichDatabase";

const databases = new ImmichDatabases();
beforeAll(() => databases.start(), 60_000);
afterEach(() => databases.release());
afterAll(() => databases.stop());

const TIMES = { lock: 300, statement: 2_000, idle: 2_000, answer: 3_000 };
const names = Object.keys(GOOD);
const half = (even: boolean): Settings =>
  Object.fromEntries(
    Object.entries({ ...GOOD, "oauth.enabled": false }).filter((_e, i) => (i % 2 === 0) === even),
  );

/** What an admin's Save in Immich runs, with the whole configuration of the form. */
function save(client: Client, store: StoreName, settings: Settings): Promise<unknown> {
  if (store === "system_metadata") {
    const nested: Record<string, Record<string, unknown>> = {};
    for (const [key, value] of Object.entries(settings)) {
      const [group = "", leaf = ""] = key.split(".");
      (nested[group] ??= {})[leaf] = value;
    }
    return client.query(
      "INSERT INTO system_metadata VALUES ('system-config', $1) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
      [JSON.stringify(nested)],
    );
  }
  return client.query(
    "INSERT INTO system_config SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    [Object.keys(settings), Object.values(settings).map((value) => JSON.stringify(value))],
  );
}

describe.each(STORES)("%s", (store) => {
  const told = { store, version: VERSIONS[store], timeouts: TIMES };
  const place = (): Promise<Place> => databases.fresh(VERSIONS[store]);

  test("ten writers of different settings at once, from nothing: all of it is there", async () => {
    const { admin, connect } = await place();
    const clients = await Promise.all(Array.from({ length: 10 }, () => connect()));
    const timeouts = { ...TIMES, lock: 10_000, statement: 10_000 };
    const results = await Promise.all(
      clients.map((client, index) =>
        apply(client, {
          ...{ ...told, timeouts },
          settings: index % 2 === 0 ? half(true) : half(false),
        }),
      ),
    );
    // Each half was written once; the others found it done.
    const default_ = names.filter((name) => name === "oauth.enabled");
    expect(default_).toHaveLength(1);
    expect(results.filter(({ written }) => written)).toHaveLength(2);
    expect(await read(admin, { ...told, keys: names })).toEqual({ ...half(true), ...half(false) });
  });

  test("a writer and a remover at once: one after the other", async () => {
    const { admin, connect } = await place();
    const { previous } = await apply(admin, { ...told, settings: half(true) });
    const [one, two] = [await connect(), await connect()];
    await Promise.all([
      restore(one, { ...told, previous, deployed: half(true) }),
      apply(two, { ...told, settings: half(false) }),
    ]);
    const seen = await read(admin, { ...told, keys: names });
    expect(seen).toMatchObject(half(false));
    expect(seen["oauth.clientId"]).toBe(
      Object.hasOwn(half(true), "oauth.clientId") ? "" : GOOD["oauth.clientId"],
    );
  });

  test("an admin's Save that is not through yet is waited for, and built on", async () => {
    const { admin, connect } = await place();
    await admin.query("BEGIN");
    await save(admin, store, { "trash.days": 7, "oauth.buttonText": "Theirs" });
    const timeouts = { ...TIMES, lock: 10_000 };
    const writing = apply(await connect(), { ...told, timeouts, settings: GOOD });
    const watcher = await connect();
    await untilSomebodyWaits(watcher);
    await admin.query("COMMIT");
    expect(await writing).toMatchObject({ written: true });
    const keys = [...names, "oauth.buttonText"];
    expect(await read(admin, { ...told, keys })).toEqual({ ...GOOD, "oauth.buttonText": "Theirs" });
    expect(JSON.stringify(await contents(admin))).toContain("days");
  });

  test("an admin's Save while we write waits for us; what it overwrites is drift afterwards", async () => {
    const { admin, connect } = await place();
    const ours = await connect();
    const theirs = await connect();
    // The lock is ours until this gate opens.
    let open = (): void => undefined;
    const gate = new Promise<void>((done) => (open = done));
    const slow = {
      query: async (text: string, values?: unknown[]) => {
        if (text === "COMMIT") await gate;
        return ours.query(text, values);
      },
    };
    const writing = apply(slow, { ...told, settings: GOOD });
    await new Promise((done) => setTimeout(done, 100));
    const saving = save(theirs, store, { "oauth.clientId": "stale form" });
    await untilSomebodyWaits(admin);
    open();
    expect(await writing).toMatchObject({ written: true });
    await saving;
    const seen = await read(admin, { ...told, keys: names });
    expect(seen["oauth.clientId"]).toBe("stale form");
  });

  test("somebody never finishes: a clear message in time, and nothing changed", async () => {
    const { admin, connect } = await place();
    await apply(admin, { ...told, settings: half(true) });
    const before = await contents(admin);
    await admin.query("BEGIN");
    await save(admin, store, { "oauth.clientId": "theirs" });
    const began = Date.now();
    const client = await connect();
    const error = await refusal(apply(client, { ...told, settings: GOOD }));
    expect(Date.now() - began).toBeLessThan(2_000);
    expect(error).toMatchObject({ problem: "locked", connectionLost: false });
    expect(error.message).toContain("somebody else is changing Immich's settings");
    await admin.query("ROLLBACK");
    expect(await contents(admin)).toEqual(before);
    // The connection is good for the next.
    expect(await apply(client, { ...told, settings: GOOD })).toMatchObject({ written: true });
  });

  test("readers wait for nobody", async () => {
    const { admin, connect } = await place();
    await apply(admin, { ...told, settings: GOOD });
    await admin.query("BEGIN");
    await save(admin, store, { "oauth.clientId": "theirs" });
    expect(await read(await connect(), { ...told, keys: names })).toEqual(GOOD);
    await admin.query("ROLLBACK");
  });

  test.each(["lock", "UPDATE", "INSERT", "SELECT value", "clock_timestamp"])(
    "the server ends the connection at the %s: nothing changed, and the next run works",
    async (step) => {
      const { admin, connect } = await place();
      await apply(admin, { ...told, settings: half(true) });
      const before = await contents(admin);
      const client = await connect();
      const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
      let cut = false;
      const cutting = {
        query: async (text: string, values?: unknown[]) => {
          const isStep = step === "lock" ? /FOR UPDATE|LOCK TABLE/.test(text) : text.includes(step);
          if (isStep && !cut) {
            cut = true;
            await admin.query("SELECT pg_terminate_backend($1, 5000)", [rows[0]?.pid]);
          }
          return client.query(text, values);
        },
      };
      const outcome = await apply(cutting, { ...told, settings: GOOD }).catch((e: unknown) => e);
      if (!cut) return; // This store does not go this way.
      expect(outcome).toMatchObject({ problem: "cut", connectionLost: true });
      expect(await contents(admin)).toEqual(before);
      expect(await apply(await connect(), { ...told, settings: GOOD })).toMatchObject({
        written: true,
      });
    },
  );

  test("we go silent with the lock in hand: the server gives it back to the others", async () => {
    const { admin, connect } = await place();
    const client = await connect();
    const silent = {
      query: (text: string, values?: unknown[]) =>
        /UPDATE public|INSERT INTO public.system_config/.test(text)
          ? new Promise<never>(() => undefined)
          : client.query(text, values),
    };
    const timeouts = { ...TIMES, idle: 300, answer: 200 };
    const error = await refusal(apply(silent, { ...told, timeouts, settings: GOOD }));
    expect(error).toMatchObject({ problem: "cut", connectionLost: true });
    const patient = { ...TIMES, lock: 5_000, statement: 6_000, answer: 7_000 };
    expect(
      await apply(await connect(), { ...told, timeouts: patient, settings: GOOD }),
    ).toMatchObject({ written: true });
    expect(await read(admin, { ...told, keys: names })).toEqual(GOOD);
  });

  test("a slow database: the statement is cancelled, and says so", async () => {
    const { admin, connect } = await place();
    const client = await connect();
    await admin.query("SELECT 1");
    const slow = {
      query: (text: string, values?: unknown[]) =>
        client.query(/clock_timestamp/.test(text) ? "SELECT pg_sleep(5)" : text, values),
    };
    const error = await refusal(
      apply(slow, { ...told, timeouts: { ...TIMES, statement: 200 }, settings: GOOD }),
    );
    expect(error.problem).toBe("slow");
    expect(await contents(admin)).toEqual({});
  });
});

test("the row is deleted and made again while we wait for it: the new one is built on", async () => {
  const { admin, connect } = await databases.fresh("1.135.3");
  const told = { store: "system_metadata", timeouts: { ...TIMES, lock: 10_000 } } as const;
  await admin.query(`INSERT INTO system_metadata VALUES ('system-config', '{"a": 1}')`);
  await admin.query("BEGIN");
  await admin.query("DELETE FROM system_metadata WHERE key = 'system-config'");
  await admin.query(`INSERT INTO system_metadata VALUES ('system-config', '{"b": 2}')`);
  const writing = apply(await connect(), { ...told, settings: GOOD });
  await untilSomebodyWaits(await connect());
  await admin.query("COMMIT");
  await writing;
  const all = await contents(admin);
  expect(JSON.parse(all["system_metadata system-config"] ?? "")).toMatchObject({ b: 2 });
  expect(await read(admin, { ...told, keys: names })).toEqual(GOOD);
});

// The operations behind the settings resources: real PostgreSQL, real SSH, both stores.
import { Client } from "pg";

import { createRow, deleteRow, readRow, snapshotRow, updateRow } from "../../immich/row";
import type { RowContext } from "../../immich/reach";
import type { StoreName } from "../../immich/types";
import { closeShared } from "../../ssh/shared";
import { type Postgres, startPostgres } from "../../sandbox/postgres";
import { failure, folder, machine, script, short, targetOf, tcp } from "./support/machine";

const home = folder();
let server: Awaited<ReturnType<typeof machine>>;
let postgres: Postgres;

const canary = "canary-1f9e-secret";
const settings = {
  "oauth.enabled": true,
  "oauth.clientId": "immich-oauth-client",
  "oauth.clientSecret": canary,
  "oauth.issuerUrl": "https://auth.example.org/application/o/immich/",
  "oauth.scope": "openid email profile",
  "oauth.buttonText": "Login with Authentik",
};
const keys = Object.keys(settings);
const versions = { system_metadata: "1.135.3", system_config: "1.105.1" } as const;

beforeAll(async () => {
  server = await machine(home.path);
  const inspected = [{ Status: "running" }, "host", {}];
  script(server.bin, "docker", `echo '${JSON.stringify(inspected)}'`);
  postgres = await startPostgres({ folder: home.path, immichVersion: null });
});

beforeEach(() => {
  server.setPolicies({ tcpForwarding: true, fault: null });
  server.resetCounters();
});

afterAll(async () => {
  await closeShared();
  await postgres.stop();
  await server.stop();
  home.remove();
});

let count = 0;
async function fresh(store: StoreName, change: Partial<RowContext> = {}): Promise<RowContext> {
  const database = `row${++count}`;
  await postgres.createDatabase(database, versions[store]);
  return {
    ssh: targetOf(server),
    runtime: "docker",
    container: "immich_postgres",
    port: postgres.port,
    database,
    login: { user: postgres.user, password: postgres.password },
    store,
    timeouts: {
      ssh: short,
      database: { connectMs: 1_500 },
      settings: { lock: 500, statement: 1_000, idle: 1_500, answer: 1_500 },
      pauseMs: 50,
    },
    ...change,
  };
}

/** Everything that is stored, as text. */
async function stored(context: RowContext): Promise<string> {
  const client = new Client({
    host: postgres.host,
    port: postgres.port,
    user: postgres.user,
    password: postgres.password,
    database: context.database,
  });
  await client.connect();
  try {
    const { rows } = await client.query(
      context.store === "system_config"
        ? "SELECT key, value FROM system_config ORDER BY key"
        : "SELECT key, value::text AS value FROM system_metadata WHERE key = 'system-config'",
    );
    return JSON.stringify(rows);
  } finally {
    await client.end();
  }
}

describe.each(["system_metadata", "system_config"] as const)("%s", (store) => {
  test("remember, write, read, change, put back", async () => {
    const context = await fresh(store);
    const before = await stored(context);
    const { previous } = await snapshotRow(context, keys);
    expect(Object.values(previous).every((one) => !one.present)).toBe(true);

    const created = await createRow(context, { settings, previous });
    // The scope is Immich's default: nothing to write.
    expect([...created.changed].sort()).toEqual(keys.filter((key) => key !== "oauth.scope").sort());
    expect(created.state).toMatchObject({ settings, deployed: settings, skipped: [] });

    const read = await readRow(context, created.state);
    expect(read).toEqual(created.state);

    const same = await updateRow(context, { settings, previous }, read);
    expect(same.changed).toEqual([]);
    expect(same.state.settingsChangedAt).toBe(created.state.settingsChangedAt);

    const fewer = Object.fromEntries(
      Object.entries({ ...settings, "oauth.buttonText": "Sign in" }).filter(
        ([key]) => key !== "oauth.scope",
      ),
    );
    const changed = await updateRow(context, { settings: fewer, previous }, same.state);
    expect(changed.changed).toEqual(["oauth.buttonText"]);
    expect(changed.state.settingsChangedAt > created.state.settingsChangedAt).toBe(true);
    expect(Object.keys(changed.state.deployed)).not.toContain("oauth.scope");

    const removed = await deleteRow(context, changed.state);
    expect(removed.warnings).toEqual([]);
    expect(await stored(context)).toBe(before);
  });

  test("a run that was killed after its write: the change is told by the next one, once", async () => {
    const context = await fresh(store);
    const { previous } = await snapshotRow(context, keys);
    const { state } = await createRow(context, { settings, previous });
    const wanted = { settings: { ...settings, "oauth.buttonText": "Sign in" }, previous };
    await updateRow(context, wanted, state); // its answer never reached the state
    const again = await updateRow(context, wanted, state);
    expect(again.changed).toEqual([]);
    expect(again.state.settingsChangedAt).not.toBe(state.settingsChangedAt);
    const third = await updateRow(context, wanted, again.state);
    expect(third.state.settingsChangedAt).toBe(again.state.settingsChangedAt);
  });

  test("the same with a refresh in between, and when it was drift that was mended", async () => {
    const context = await fresh(store);
    const { previous } = await snapshotRow(context, keys);
    const { state } = await createRow(context, { settings, previous });
    const other = { settings: { ...settings, "oauth.buttonText": "Sign in" }, previous };
    await updateRow(context, other, state); // killed; the state does not know
    const seen = await readRow(context, state);
    expect(seen.settings["oauth.buttonText"]).toBe("Sign in");
    expect(seen.deployed["oauth.buttonText"]).toBe("Login with Authentik");
    expect(seen.settingsChangedAt).not.toBe(state.settingsChangedAt);
    await updateRow(context, { settings, previous }, seen); // mends; killed
    const again = await updateRow(context, { settings, previous }, seen);
    expect(again.changed).toEqual([]);
    expect(again.state.settingsChangedAt).not.toBe(seen.settingsChangedAt);
  });

  test("what somebody changed since is left alone, also when a refresh has seen it", async () => {
    const context = await fresh(store);
    const { previous } = await snapshotRow(context, keys);
    const { state } = await createRow(context, { settings, previous });
    const admin = { settings: { "oauth.buttonText": "Hello" }, previous: {} };
    await createRow(context, admin);
    const seen = await readRow(context, state);
    const removed = await deleteRow(context, seen);
    expect(removed.warnings.join()).toMatch(/oauth\.buttonText was changed by somebody since/);
    expect(removed.restored).not.toContain("oauth.buttonText");
    expect(await stored(context)).toContain("Hello");
  });
});

describe("what keeps it from its database", () => {
  const create = (context: RowContext) => createRow(context, { settings, previous: {} });

  test.each<[string, (context: RowContext) => RowContext, string[]]>([
    [
      "a wrong password",
      (c) => ({ ...c, login: { user: "postgres", password: `wrong-${canary}` } }),
      ["the password was refused", "npx pulumi config set --secret postgresPassword"],
    ],
    [
      "no such user",
      (c) => ({ ...c, login: { user: "nobody", password: "x" } }),
      ["as nobody", "next:"],
    ],
    [
      "no such database",
      (c) => ({ ...c, database: "immitch" }),
      ["there is no such database", "npx pulumi config set postgresDatabase NAME"],
    ],
    [
      "the wrong store",
      (c) => ({ ...c, store: "system_config" }),
      ["settingsStore", "system_metadata"],
    ],
  ])("%s", async (_, change, texts) => {
    const context = change(await fresh("system_metadata"));
    const error = await failure(create(context));
    for (const text of texts) expect(error.message).toContain(text);
    expect(error.message).not.toContain(canary);
  });

  test("a port that is not PostgreSQL's", async () => {
    const web = await tcp((socket) =>
      socket.once("data", () => socket.end("HTTP/1.1 400 \r\n\r\n")),
    );
    const mute = await tcp(() => undefined);
    const context = await fresh("system_metadata");
    expect((await failure(create({ ...context, port: web.port }))).message).toContain(
      "postgresPort",
    );
    const silent = await failure(create({ ...context, port: mute.port }));
    expect(silent.message).toContain("no answer in 1.5 s");
    await web.stop();
    await mute.stop();
  });

  test("an Immich that runs from a file: its API says so", async () => {
    const immich = await tcp((socket) =>
      socket.once("data", (request: Buffer) => {
        const body = /version/.test(request.toString())
          ? '{"major":1,"minor":135,"patch":3}'
          : '{"configFile":true}';
        socket.end(
          `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
        );
      }),
    );
    const context = await fresh("system_metadata", {
      immichApiUrl: `http://127.0.0.1:${immich.port}`,
    });
    const before = await stored(context);
    const error = await failure(create(context));
    expect(error.message).toContain("IMMICH_CONFIG_FILE");
    expect(await stored(context)).toBe(before);
    await immich.stop();
  });

  test("an Immich that runs from a file: its API is down, its container says so", async () => {
    const inspected = JSON.stringify([{ Status: "running" }, "host", {}]);
    script(
      server.bin,
      "special-docker",
      `case "$*" in ps*) echo abc;; *Env*) printf 'DB_PASSWORD=x\\nIMMICH_CONFIG_FILE=/config.json\\n';; *) echo '${inspected}';; esac`,
    );
    const context = await fresh("system_metadata", {
      runtime: "special-docker",
      composeService: "immich-server",
    });
    const error = await failure(create(context));
    expect(error.message).toContain("IMMICH_CONFIG_FILE");
    const ordinary = await create({ ...context, runtime: "docker" });
    expect(ordinary.changed).not.toHaveLength(0);
  });
});

describe("cuts", () => {
  test.each(["dial", "auth", "channel", "exec", "forward", "forward-answer"] as const)(
    "once at %s: a second try finishes the job",
    async (at) => {
      await closeShared();
      const context = await fresh("system_metadata");
      server.setPolicies({ fault: { at, kind: "drop", times: 1 } });
      const { state } = await createRow(context, { settings, previous: {} });
      expect(server.faultsStruck()).toBe(1);
      expect((await readRow(context, state)).settings).toEqual(settings);
    },
  );

  test("after COMMIT was sent, before its answer, each time: told as unknown; the next run finishes", async () => {
    const context = await fresh("system_metadata");
    server.setPolicies({ fault: { at: "forward-answer", kind: "drop", text: "COMMIT" } });
    const error = await failure(createRow(context, { settings, previous: {} }));
    expect(server.faultsStruck()).toBeGreaterThan(0);
    expect(error.message).toMatch(/all old or all new|connection was lost/);
    expect(error.message).not.toContain(canary);
    server.setPolicies({ fault: null });
    const { state } = await createRow(context, { settings, previous: {} });
    expect(state.settings).toEqual(settings);
  });
});

/**
 * What the sandbox's Immich does beyond the recorded exchanges: bad rows as facts describe them, moves
 * from one version to the next, API keys, and versions after 1.135.3 as their sources describe them.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import type { JsonObject } from "../../sandbox/immich/merge";
import { parseVersion, traitsOf } from "../../sandbox/immich/versions";
import { type Postgres, startPostgres } from "../../sandbox/postgres";
import { cookiesOf, logIn, post } from "./immich/login";
import { Normaliser } from "./immich/normalise";
import { type Child, type RunningImmich, startImmich, startProcess } from "./immich/server";

const ADMIN = { email: "admin@example.test", name: "Admin", password: "password" };

let folder: string;
let postgres: Postgres;
let oidc: Child;
let running: RunningImmich[] = [];
let databases = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "immich-versions-"));
  [postgres, oidc] = await Promise.all([
    startPostgres({ folder, immichVersion: null }),
    startProcess("tests/sandbox/immich/strictProvider.ts", {}),
  ]);
}, 60_000);

afterEach(async () => {
  await Promise.all(running.map((immich) => immich.stop()));
  running = [];
});

afterAll(async () => {
  await oidc?.stop();
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 30_000);

const newDatabase = (): Promise<string> => postgres.createDatabase(`versions_${++databases}`, null);

async function start(databaseUrl: string, version?: string): Promise<RunningImmich> {
  const immich = await startImmich({ databaseUrl, version, admin: ADMIN });
  running.push(immich);
  return immich;
}

async function query(databaseUrl: string, sql: string, values: unknown[] = []) {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

const setRow = (databaseUrl: string, value: unknown) =>
  query(
    databaseUrl,
    `INSERT INTO system_metadata (key, value) VALUES ('system-config', $1)
     ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
    [JSON.stringify(value)],
  );

async function setRows(databaseUrl: string, settings: JsonObject): Promise<void> {
  for (const [key, value] of Object.entries(settings)) {
    await query(databaseUrl, "INSERT INTO system_config VALUES ($1, $2)", [
      `oauth.${key}`,
      JSON.stringify(value),
    ]);
  }
}

async function get(immich: RunningImmich, path: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${immich.url}${path}`, { headers });
  return { status: response.status, body: (await response.json()) as JsonObject };
}

const oauth = (more: JsonObject = {}): JsonObject => ({
  enabled: true,
  clientId: "immich",
  clientSecret: "immich-secret-0123456789abcdef0123456789abcdef",
  issuerUrl: `http://127.0.0.1:${oidc.port}/oidc`,
  ...more,
});

async function logInAs(user: string, immich: RunningImmich) {
  await fetch(`http://127.0.0.1:${oidc.port}/next/${user}`);
  return logIn(
    {
      name: user,
      user,
      oauth: {},
      redirectUri: "http://127.0.0.1:2283/auth/login",
      authorize: { status: 201 },
    },
    { immich: immich.url, normal: new Normaliser({}) },
  );
}

describe("rows that Immich 1.135.3 can't live with", () => {
  test.each<[string, unknown]>([
    ["oauth is null", { oauth: null }],
    ["server is null", { server: null }],
    ["the external domain is no URL", { server: { externalDomain: "not a url" } }],
  ])(
    "%s: it does not start, and answers 500 while running",
    async (_what, row) => {
      const databaseUrl = await newDatabase();
      const immich = await start(databaseUrl);
      await setRow(databaseUrl, row);
      const features = await get(immich, "/api/server/features");
      expect(features.status).toBe(500);
      expect(features.body["message"]).toBe("Failed to get server features");
      expect((await get(immich, "/api/server/config")).status).toBe(500);
      expect((await get(immich, "/api/server/ping")).status).toBe(200);
      await expect(start(databaseUrl)).rejects.toThrow(/ended with code 1: TypeError/);
    },
    30_000,
  );

  test("documents that count as none; booleans that are none; dotted and unknown keys", async () => {
    const databaseUrl = await newDatabase();
    const immich = await start(databaseUrl);
    const oauthOf = async (row: unknown) => {
      await setRow(databaseUrl, row);
      const { status, body } = await get(immich, "/api/server/features");
      return status === 200 ? body["oauth"] : status;
    };
    const twice = JSON.stringify({ oauth: { enabled: true } });
    for (const row of [twice, null, [], 5]) expect(await oauthOf(row)).toBe(false);
    const enabled = (value: unknown) => oauthOf({ oauth: { enabled: value } });
    expect(await enabled("yes")).toBe("yes");
    expect(await enabled(0)).toBe(0);
    expect(await enabled(null)).toBe(null);
    expect(await enabled("false")).toBe(false);
    expect(await enabled("true")).toBe(true);
    expect(await oauthOf({ "oauth.enabled": true, oauth: { secretive: "canary" } })).toBe(true);
    expect(immich.log()).toMatch(
      /Unknown keys found: \{\n {2}"oauth": \{\n {4}"secretive": "canary"/,
    );
  }, 30_000);
});

test("an upgrade moves the old rows, and the versions are remembered", async () => {
  const databaseUrl = await newDatabase();
  await (await start(databaseUrl, "1.105.1")).stop();
  await query(
    databaseUrl,
    `INSERT INTO system_config VALUES ('oauth.enabled', 'true'), ('oauth.clientId', '"x"')`,
  );
  await (await start(databaseUrl, "1.120.0")).stop();
  expect(await query(databaseUrl, "SELECT * FROM system_config")).toEqual([]);
  expect(
    await query(databaseUrl, "SELECT value FROM system_metadata WHERE key = 'system-config'"),
  ).toEqual([{ value: { oauth: { enabled: true, clientId: "x" } } }]);
  await (await start(databaseUrl, "1.135.3")).stop();
  await (await start(databaseUrl, "1.135.3")).stop();
  expect(await query(databaseUrl, "SELECT to_regclass('system_config') AS old")).toEqual([
    { old: null },
  ]);
  expect(
    await query(databaseUrl, `SELECT version FROM version_history ORDER BY "createdAt"`),
  ).toEqual([{ version: "1.120.0" }, { version: "1.135.3" }]);
}, 60_000);

test("before 1.132 the issuer is not compared, and there is no PKCE", async () => {
  for (const version of ["1.105.1", "1.131.3"]) {
    const databaseUrl = await newDatabase();
    const settings = oauth({ issuerUrl: `http://127.0.0.1:${oidc.port}/oidc/` });
    await (await start(databaseUrl, version)).stop();
    if (version === "1.131.3") await setRow(databaseUrl, { oauth: settings });
    else await setRows(databaseUrl, settings);
    const { authorize, callback } = await logInAs("petra", await start(databaseUrl, version));
    expect(JSON.stringify(authorize)).not.toMatch(/code_challenge|Set-Cookie/i);
    expect(callback).toMatchObject({ status: 201, body: { userEmail: "petra@example.test" } });
  }
}, 60_000);

test("up to 1.106.2 settings are read once, later at each request", async () => {
  for (const [version, seen] of [
    ["1.106.2", false],
    ["1.106.3", true],
  ] as const) {
    const databaseUrl = await newDatabase();
    const immich = await start(databaseUrl, version);
    await setRow(databaseUrl, { oauth: { enabled: true } });
    expect((await get(immich, "/api/server-info/features")).body["oauth"]).toBe(seen);
  }
}, 30_000);

test("people and sessions outlive a restart", async () => {
  const databaseUrl = await newDatabase();
  const immich = await start(databaseUrl);
  const cookie = cookiesOf(await fetch(`${immich.url}/api/auth/login`, post(ADMIN)));
  await immich.stop();
  const again = await start(databaseUrl);
  const me = await get(again, "/api/users/me", { cookie });
  expect([me.status, me.body["email"]]).toEqual([200, ADMIN.email]);
}, 30_000);

test("who may read the settings: sessions of admins, API keys with the permission", async () => {
  const databaseUrl = await newDatabase();
  const immich = await start(databaseUrl);
  const config = "/api/system-config";
  expect(await get(immich, config)).toMatchObject({
    status: 401,
    body: { message: "Authentication required", error: "Unauthorized" },
  });
  expect((await get(immich, config, { "x-api-key": "wrong" })).body["message"]).toBe(
    "Invalid API key",
  );
  const login = await fetch(`${immich.url}/api/auth/login`, post(ADMIN));
  const { accessToken } = (await login.clone().json()) as { accessToken: string };
  expect((await get(immich, config, { authorization: `Bearer ${accessToken}` })).status).toBe(200);

  const key = async (...permissions: string[]) => {
    const made = await fetch(
      `${immich.url}/api/api-keys`,
      post({ name: "test", permissions }, cookiesOf(login)),
    );
    return ((await made.json()) as { secret: string }).secret;
  };
  const reader = { "x-api-key": await key("systemConfig.read") };
  expect((await get(immich, config, reader)).status).toBe(200);
  const other = { "x-api-key": await key("asset.read") };
  expect(await get(immich, config, other)).toMatchObject({
    status: 403,
    body: { message: "Missing required permission: systemConfig.read" },
  });
  await setRow(databaseUrl, { oauth: oauth() });
  const { cookies } = await logInAs("nora", immich);
  expect(await get(immich, config, { cookie: cookies })).toMatchObject({ status: 403 });
}, 30_000);

describe("versions after the recorded one", () => {
  test("3.0.0 refuses an issuer without TLS, unless told", async () => {
    const databaseUrl = await newDatabase();
    const immich = await start(databaseUrl, "3.0.0");
    await setRow(databaseUrl, { oauth: oauth() });
    const refused = await logInAs("olga", immich);
    expect(refused.authorize).toMatchObject({
      status: 500,
      body: {
        message: "Error in OAuth discovery: ClientError: only requests to HTTPS are allowed",
      },
    });
    await setRow(databaseUrl, { oauth: oauth({ allowInsecureRequests: true, prompt: "" }) });
    expect((await logInAs("olga", immich)).callback?.status).toBe(201);
    expect(immich.log()).not.toMatch(/Unknown keys/);
  }, 30_000);

  test("roles: unknown to 1.135.3, read when the user is made, from 3.2 at each login", async () => {
    const row = { oauth: oauth({ allowInsecureRequests: true }) };
    const isAdmin = async (version: string): Promise<unknown> => {
      const databaseUrl = await newDatabase();
      const immich = await start(databaseUrl, version);
      await setRow(databaseUrl, row);
      const first = await logInAs("boss", immich);
      const { people } = traitsOf(parseVersion(version));
      await query(
        databaseUrl,
        `UPDATE ${people} SET "isAdmin" = NOT "isAdmin" WHERE "oauthId" = 'boss'`,
      );
      const second = await logInAs("boss", immich);
      return [first, second].map(({ callback }) => (callback?.body as JsonObject)["isAdmin"]);
    };
    expect(await isAdmin("1.135.3")).toEqual([false, true]);
    expect(await isAdmin("2.2.3")).toEqual([true, false]);
    expect(await isAdmin("3.2.2")).toEqual([true, true]);
  }, 60_000);

  test("3.2 answers /api/public/config, and an admin at /api/admin/config", async () => {
    const databaseUrl = await newDatabase();
    const immich = await start(databaseUrl, "3.2.2");
    await setRow(databaseUrl, { oauth: { enabled: true, buttonText: "Go" } });
    expect(await get(immich, "/api/public/config")).toEqual({
      status: 200,
      body: {
        oauth: { autoLaunch: false, buttonText: "Go", enabled: true },
        passwordLogin: { enabled: true },
        server: { loginPageMessage: "" },
        theme: { customCss: "" },
      },
    });
    const cookie = cookiesOf(await fetch(`${immich.url}/api/auth/login`, post(ADMIN)));
    const config = await get(immich, "/api/admin/config", { cookie });
    expect(Object.keys(config.body["oauth"] as JsonObject)).toContain("accountManagementUrl");
    const old = await start(await newDatabase(), "3.1.0");
    expect((await get(old, "/api/public/config")).status).toBe(404);
  }, 30_000);
});

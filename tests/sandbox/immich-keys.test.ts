/**
 * The sandbox's Immich as a program meets it that changes settings by the API: API keys and their permissions, what
 * is refused and in which words, and answers that are broken on purpose.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import type { JsonObject } from "../../sandbox/immich/merge";
import { type Postgres, startPostgres } from "../../sandbox/postgres";
import { cookiesOf, post } from "./immich/login";
import { type RunningImmich, startImmich } from "./immich/server";

const ADMIN = { email: "admin@example.test", name: "Admin", password: "password" };
const KEY = "key-of-the-admin";
const CONTROL = "token-of-the-controls";

let folder: string;
let postgres: Postgres;
let running: RunningImmich[] = [];
let databases = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "immich-keys-"));
  postgres = await startPostgres({ folder, immichVersion: null });
}, 60_000);

afterEach(async () => {
  await Promise.all(running.map((immich) => immich.stop()));
  running = [];
});

afterAll(async () => {
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 30_000);

interface Asking {
  readonly key?: string;
  readonly cookie?: string;
  readonly body?: unknown;
}

/** An Immich of a version, and how it is asked. */
async function immichOf(version: string, databaseUrl?: string, configFile?: string) {
  const url = databaseUrl ?? (await postgres.createDatabase(`keys_${++databases}`, null));
  const options = { databaseUrl: url, version, configFile };
  const immich = await startImmich({
    ...options,
    admin: ADMIN,
    apiKey: KEY,
    controlToken: CONTROL,
  });
  running.push(immich);
  const ask = async (method: string, path: string, { key, cookie, body }: Asking = {}) => {
    const response = await fetch(`${immich.url}/api/${path}`, {
      method,
      headers: {
        ...(key === undefined ? {} : { "x-api-key": key }),
        ...(cookie === undefined ? {} : { cookie }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = response.headers.get("content-type")?.startsWith("application/json");
    return {
      status: response.status,
      body: (json ? JSON.parse(text) : text) as JsonObject,
      response,
    };
  };
  const control = async (path: string, method: string, body?: object) => {
    const response = await fetch(`${immich.url}/sandbox/${path}`, {
      method,
      headers: { authorization: `Bearer ${CONTROL}`, "content-type": "application/json" },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return (await response.json()) as JsonObject[];
  };
  const logIn = async (who = ADMIN) =>
    cookiesOf(await fetch(`${immich.url}/api/auth/login`, post({ ...who })));
  return { immich, databaseUrl: url, ask, control, logIn };
}

/** `config` with other values in a section. */
const changed = (config: JsonObject, change: JsonObject, section = "oauth"): JsonObject => ({
  ...config,
  [section]: { ...(config[section] as JsonObject), ...change },
});

const NEW_VERSIONS = ["3.1.0", "3.2.2"];
const VERSIONS = ["1.135.3", "2.7.5", "3.0.0", ...NEW_VERSIONS];

/** An error's body, as old and new versions write it. */
const error = (version: string, statusCode: number, reason: string, message: unknown) =>
  /^[12]/.test(version)
    ? { message, error: reason, statusCode, correlationId: expect.any(String) }
    : { message };

describe.each(VERSIONS)("%s: API keys", (version) => {
  test("a life: made by an admin, used, listed, given less, revoked", async () => {
    const { ask, logIn } = await immichOf(version);
    const cookie = await logIn();
    const permissions = ["systemConfig.read", "systemConfig.update"];
    const made = await ask("POST", "api-keys", { cookie, body: { name: "sso", permissions } });
    expect(made.status).toBe(201);
    const { secret, apiKey } = made.body as { secret: string; apiKey: JsonObject };
    expect(apiKey).toMatchObject({ name: "sso", permissions, createdAt: expect.any(String) });
    const config = await ask("GET", "system-config", { key: secret });
    expect(config.status).toBe(200);
    const saved = changed(config.body, { buttonText: "Go" });
    const put = await ask("PUT", "system-config", { key: secret, body: saved });
    expect([put.status, (put.body["oauth"] as JsonObject)["buttonText"]]).toEqual([200, "Go"]);

    const list = await ask("GET", "api-keys", { cookie });
    expect(list.body).toEqual(expect.arrayContaining([apiKey]));
    expect(JSON.stringify(list.body)).not.toContain(secret);
    const own = `api-keys/${String(apiKey["id"])}`;
    await ask("PUT", own, { cookie, body: { name: "sso", permissions: ["systemConfig.read"] } });
    const refused = await ask("PUT", "system-config", { key: secret, body: config.body });
    const missing = "Missing required permission: systemConfig.update";
    expect(refused).toMatchObject({ status: 403, body: error(version, 403, "Forbidden", missing) });
    expect(Object.keys(refused.body)).toHaveLength(/^[12]/.test(version) ? 4 : 1);

    expect((await ask("DELETE", own, { cookie })).status).toBe(204);
    expect(await ask("GET", "system-config", { key: secret })).toMatchObject({
      status: 401,
      body: error(version, 401, "Unauthorized", "Invalid API key"),
    });
    expect(await ask("DELETE", own, { cookie })).toMatchObject({
      status: 400,
      body: { message: "API Key not found" },
    });
  }, 30_000);

  test("the key of somebody who is no admin, and no key at all", async () => {
    const { ask, logIn, immich } = await immichOf(version);
    const somebody = { email: "nora@example.test", name: "Nora", password: "password" };
    const cookie = await logIn();
    expect((await ask("POST", "admin/users", { cookie, body: somebody })).status).toBe(201);
    const theirs = await logIn(somebody);
    const users = (await ask("GET", "admin/users", { cookie })).body as unknown as JsonObject[];
    expect(users.map(({ email, isAdmin }) => [email, isAdmin])).toEqual([
      ["nora@example.test", false],
      ["admin@example.test", true],
    ]);
    const body = { permissions: ["all"] };
    const { secret } = (await ask("POST", "api-keys", { cookie: theirs, body })).body;
    expect(await ask("GET", "system-config", { key: String(secret) })).toMatchObject({
      status: 403,
      body: error(version, 403, "Forbidden", "Forbidden"),
    });
    expect(immich.log()).toContain("Denied access to admin only route: /api/system-config");
    expect(await ask("GET", "system-config")).toMatchObject({
      status: 401,
      body: error(version, 401, "Unauthorized", "Authentication required"),
    });
    // A key of theirs can't make one that may more.
    const small = { permissions: ["apiKey.create"] };
    const weak = (await ask("POST", "api-keys", { cookie: theirs, body: small })).body;
    const more = { permissions: ["systemConfig.read"] };
    expect(
      await ask("POST", "api-keys", { key: String(weak["secret"]), body: more }),
    ).toMatchObject({ status: 400, body: { message: "Cannot grant permissions you do not have" } });
  }, 30_000);
});

test("3.2: /api/admin/config has permissions of its own, which older versions don't know", async () => {
  const { ask, logIn, databaseUrl, immich } = await immichOf("3.1.0");
  const cookie = await logIn();
  const both = { permissions: ["systemConfig.read", "adminConfig.read"] };
  expect((await ask("POST", "api-keys", { cookie, body: both })).status).toBe(400);
  expect((await ask("GET", "admin/config", { key: KEY })).status).toBe(404);
  const old = { permissions: ["systemConfig.read", "systemConfig.update"] };
  const key = String((await ask("POST", "api-keys", { cookie, body: old })).body["secret"]);
  await immich.stop();

  const newer = await immichOf("3.2.2", databaseUrl);
  expect((await newer.ask("GET", "system-config", { key })).status).toBe(200);
  expect(await newer.ask("GET", "admin/config", { key })).toMatchObject({
    status: 403,
    body: { message: "Missing required permission: adminConfig.read" },
  });
  const { body } = await newer.ask("GET", "admin/config", { key: KEY });
  expect(body).toEqual((await newer.ask("GET", "system-config", { key: KEY })).body);
  expect((await newer.ask("PUT", "admin/config", { key: KEY, body })).status).toBe(200);
  expect((await newer.ask("POST", "admin/config", { key: KEY, body })).status).toBe(404);
}, 30_000);

test("1.105.1: /api/api-key, whose keys may everything; a save is seen at once", async () => {
  const { ask, logIn } = await immichOf("1.105.1");
  const cookie = await logIn();
  expect((await ask("GET", "api-keys", { cookie })).status).toBe(404);
  const made = (await ask("POST", "api-key", { cookie, body: { name: "sso" } })).body;
  const key = String(made["secret"]);
  const { body } = await ask("GET", "system-config", { key });
  const saved = changed(body, { enabled: true, clientId: "x", clientSecret: "y", issuerUrl: "z" });
  expect((await ask("PUT", "system-config", { key, body: saved })).status).toBe(200);
  expect((await ask("GET", "server-info/features")).body["oauth"]).toBe(true);
}, 30_000);

describe("what a save may be", () => {
  test.each(NEW_VERSIONS)(
    "%s: the whole document, or a list of what is wrong",
    async (version) => {
      const { ask } = await immichOf(version);
      const config = (await ask("GET", "system-config", { key: KEY })).body;
      const put = (body: JsonObject) => ask("PUT", "system-config", { key: KEY, body });
      const refusal = async (body: JsonObject) => {
        const answer = await put(body);
        expect(answer).toMatchObject({ status: 400, body: { message: "Validation failed" } });
        return (answer.body["errors"] as JsonObject[]).map(({ path, message }) => [path, message]);
      };
      expect(await refusal(changed(config, { issuerUrl: "not a url", timeout: 0 }))).toEqual([
        [["oauth", "timeout"], "Too small: expected number to be >=1"],
        [["oauth", "issuerUrl"], "Issuer URL must be an empty string or a valid URL"],
      ]);
      expect(await refusal(changed(config, { enabled: "yes" }))).toEqual([
        [["oauth", "enabled"], "Invalid input: expected boolean, received string"],
      ]);
      const { nightlyTasks, ...old } = config;
      expect(nightlyTasks).toBeDefined();
      expect(await refusal(old)).toEqual([
        [["nightlyTasks"], "Invalid input: expected object, received undefined"],
      ]);
      const { scope, ...less } = config["oauth"] as JsonObject;
      expect(scope).toBeDefined();
      expect(await refusal({ ...config, oauth: less })).toEqual([
        [["oauth", "scope"], "Invalid input: expected string, received undefined"],
      ]);
      expect(
        await refusal(
          changed(config, { tokenEndpointAuthMethod: "none", defaultStorageQuota: -1 }),
        ),
      ).toEqual([
        [
          ["oauth", "tokenEndpointAuthMethod"],
          'Invalid option: expected one of "client_secret_post"|"client_secret_basic"',
        ],
        [["oauth", "defaultStorageQuota"], "Too small: expected number to be >=0"],
      ]);

      const loose = changed(config, { enabled: true, clientId: "", clientSecret: "", mine: 1 });
      const taken = await put(changed(loose, { enabled: false }, "passwordLogin"));
      expect(taken.status).toBe(200);
      expect(taken.body["oauth"]).not.toHaveProperty("mine");
      expect((await ask("GET", "server/features")).body).toMatchObject({
        oauth: true,
        passwordLogin: false,
      });
    },
    30_000,
  );

  test("what is empty or equals the default is not stored", async () => {
    const { ask, databaseUrl } = await immichOf("3.2.2");
    const defaults = (await ask("GET", "system-config/defaults", { key: KEY })).body;
    const body = changed(defaults, { scope: "", roleClaim: "", clientId: "immich" });
    await ask("PUT", "system-config", { key: KEY, body });
    const client = new Client({ connectionString: databaseUrl });
    await client.connect();
    const { rows } = await client.query(
      "SELECT value FROM system_metadata WHERE key = 'system-config'",
    );
    await client.end();
    expect(rows).toEqual([{ value: { oauth: { clientId: "immich" } } }]);
    const { oauth } = (await ask("GET", "system-config", { key: KEY })).body;
    expect(oauth).toMatchObject({ scope: "openid email profile", roleClaim: "immich_role" });
  }, 30_000);

  test.each(["1.135.3", "3.2.2"])(
    "%s: not while IMMICH_CONFIG_FILE is in use",
    async (version) => {
      const file = join(folder, "immich.yaml");
      writeFileSync(file, "# by hand\noauth:\n  buttonText: From the file\n");
      const { ask } = await immichOf(version, undefined, file);
      const { body } = await ask("GET", "system-config", { key: KEY });
      expect(body["oauth"]).toMatchObject({ buttonText: "From the file" });
      expect(await ask("PUT", "system-config", { key: KEY, body })).toMatchObject({
        status: 400,
        body: { message: "Cannot update configuration while IMMICH_CONFIG_FILE is in use" },
      });
    },
    30_000,
  );
});

describe("answers broken on purpose", () => {
  test("by method and path, after so many, so often; whether it was done or not", async () => {
    const { ask, control, immich } = await immichOf("3.1.0");
    const config = (await ask("GET", "system-config", { key: KEY })).body;
    const put = (text: string) =>
      ask("PUT", "system-config", { key: KEY, body: changed(config, { buttonText: text }) });
    const button = async () => {
      const { body } = await ask("GET", "system-config", { key: KEY });
      return (body["oauth"] as JsonObject)["buttonText"];
    };
    const fault = (...faults: object[]) => control("faults", "POST", { faults });

    await fault({ method: "PUT", path: "/api/system-config", connection: "cut", times: 1 });
    await expect(put("lost")).rejects.toThrow("fetch failed");
    expect(await button()).toBe("Login with OAuth");
    expect((await put("kept")).status).toBe(200);
    await fault({ method: "PUT", connection: "cut", done: true, times: 1 });
    await expect(put("done")).rejects.toThrow("fetch failed");
    expect(await button()).toBe("done");
    await fault({ method: "PUT", connection: "cut-within", times: 1 });
    await expect(put("half")).rejects.toThrow("terminated");
    expect(await button()).toBe("half");

    await fault({ path: "/api/system-config", skip: 1, status: 401, times: 1 });
    expect([await button(), await put("no")]).toMatchObject(["half", { status: 401 }]);
    await fault({ status: 429, retryAfter: "1", times: 1 }, { status: 502, times: 1 });
    const busy = await ask("GET", "system-config", { key: KEY });
    expect([busy.status, busy.response.headers.get("retry-after")]).toEqual([429, "1"]);
    const page = await ask("GET", "system-config", { key: KEY });
    expect([page.status, page.body]).toEqual([502, expect.stringContaining("502 Bad Gateway")]);

    expect(await fault({ method: "PUT", connection: "stall", delayMs: 1 })).toMatchObject([
      { struck: 0 },
    ]);
    await expect(
      fetch(`${immich.url}/api/system-config`, { method: "PUT", signal: AbortSignal.timeout(300) }),
    ).rejects.toThrow(/timeout/);
    expect(await control("faults", "GET")).toMatchObject([{ struck: 1 }]);
    const asked = await control("requests", "GET");
    expect(asked.slice(0, 2)).toMatchObject([
      { method: "GET", path: "/api/system-config", withKey: true, outcome: 200 },
      { method: "PUT", path: "/api/system-config", withKey: true, outcome: "cut" },
    ]);
    expect(JSON.stringify(asked)).not.toContain(KEY);
  }, 30_000);

  test("a request that is held goes on when other faults are given", async () => {
    const { ask, control } = await immichOf("1.135.3");
    await control("faults", "POST", { faults: [{ path: "/api/system-config", hold: true }] });
    const held = ask("GET", "system-config", { key: KEY });
    while ((await control("faults", "GET"))[0]?.["struck"] !== 1);
    await ask("GET", "server/version");
    const answered = (await control("requests", "GET")).map(({ path }) => path);
    expect(answered).toEqual(["/api/server/version"]);
    await control("faults", "POST", { faults: [] });
    expect((await held).status).toBe(200);
  }, 30_000);

  test("only for who has the token", async () => {
    const { immich } = await immichOf("1.135.3");
    expect((await fetch(`${immich.url}/sandbox/requests`)).status).toBe(403);
  }, 30_000);
});

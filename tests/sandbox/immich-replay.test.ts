/**
 * Every recorded exchange with a real Immich, replayed against the sandbox's, on a real PostgreSQL and
 * with real OpenID providers. Doesn't prove what was not recorded: versions between 1.105.1 and 1.135.3
 * and after it go by published sources.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { defaultsOf } from "../../sandbox/immich/defaults";
import { isObject, type JsonObject } from "../../sandbox/immich/merge";
import { parseVersion } from "../../sandbox/immich/versions";
import { freePort, type Postgres, startPostgres } from "../../sandbox/postgres";
import { Comparison } from "./immich/comparison";
import { changed, fill, type Flow, loadExchanges, type Start } from "./immich/exchanges";
import { cookiesOf, logIn, post } from "./immich/login";
import { Normaliser } from "./immich/normalise";
import { type OddProviders, startOddProviders } from "./immich/oddProvider";
import { type Child, type RunningImmich, startImmich, startProcess } from "./immich/server";

const recorded = loadExchanges();
const comparison = new Comparison({
  "log of quota_string_abc":
    "the sandbox's PostgreSQL driver calls its errors `error`, Immich's `PostgresError`",
  "log of broken_json_file":
    "Immich reads YAML, which JSON is a part of; the sandbox reads JSON only",
  discovery_hangs_timeout_2000ms:
    "no answer was recorded: 2000 are seconds to Immich; the case with 5 seconds is replayed",
  "cli_enable-oauth-login and its like": "the sandbox has no `immich-admin` command",
  "log of the microservices worker": "the sandbox's Immich is one process, Immich is two",
  "restart, seconds_from_sql_commit_to_visible": "durations, of another machine",
});
const WEB = "http://127.0.0.1:2283/auth/login";

let folder: string;
let postgres: Postgres;
let oidc: Child;
let odd: OddProviders;
let origins: Record<string, string>;
let normal: Normaliser;
let base: JsonObject;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "immich-replay-"));
  [postgres, oidc, odd] = await Promise.all([
    startPostgres({ folder, immichVersion: null }),
    startProcess("tests/sandbox/immich/strictProvider.ts", {}),
    startOddProviders(),
  ]);
  origins = {
    oidc: `http://127.0.0.1:${oidc.port}`,
    odd: odd.url,
    closed: `http://127.0.0.1:${await freePort()}`,
  };
  normal = new Normaliser(origins);
  base = fill(recorded.base, origins);
}, 60_000);

afterAll(async () => {
  await oidc?.stop();
  await odd?.close();
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
  process.stdout.write(`${comparison.summary()}\n`);
}, 30_000);

describe("Immich 1.135.3", () => {
  let immich: RunningImmich;
  let database: Client;
  let admin: string;

  const api = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${immich.url}${path}`, { ...init, headers: { cookie: admin, ...init.headers } });
  const get = async (path: string) => normal.answer(await api(path));
  const setRow = (value: unknown) =>
    database.query(
      `INSERT INTO system_metadata (key, value) VALUES ('system-config', $1)
       ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
      [JSON.stringify(value)],
    );
  const row = async (): Promise<unknown> =>
    (await database.query("SELECT value FROM system_metadata WHERE key = 'system-config'")).rows[0]
      ?.value;
  const put = async (config: unknown) =>
    normal.answer(
      await api("/api/system-config", {
        method: "PUT",
        headers: { "content-type": "application/json", cookie: admin },
        body: JSON.stringify(config),
      }),
    );
  const people = async (): Promise<JsonObject[]> => {
    const { rows } = await database.query<JsonObject>(
      `SELECT email, name, "oauthId", "storageLabel", "quotaSizeInBytes"::float8 AS quota, "isAdmin",
         password <> '' AS pw FROM users ORDER BY "createdAt"`,
    );
    return rows;
  };

  beforeAll(async () => {
    const databaseUrl = await postgres.createDatabase("replay", null);
    immich = await startImmich({ databaseUrl, admin: false });
    database = new Client({ connectionString: databaseUrl });
    await database.connect();
    admin = "";
  }, 30_000);

  afterAll(async () => {
    await database?.end();
    await immich?.stop();
  });

  test("a fresh server and its settings", async () => {
    const { fresh } = recorded;
    const { rows } = await database.query("SELECT key, value FROM system_metadata");
    comparison.equal("rows_fresh", rows, fresh.rows);
    const { rows: columns } = await database.query<{ column: string }>(
      `SELECT column_name || ' null=' || is_nullable || ' default=' || coalesce(column_default, '-') AS column
         FROM information_schema.columns WHERE table_name = 'system_metadata'
         ORDER BY CASE data_type WHEN 'jsonb' THEN 0 ELSE 1 END`,
    );
    const table = fresh.table
      .replace("value jsonb", "value")
      .replace("key character varying", "key");
    comparison.equal("table", columns.map(({ column }) => column).join("\n"), table);

    for (const { name, method, path, send, answer } of fresh.exchanges) {
      const init = method === "GET" ? {} : post(send ?? {});
      comparison.equal(name, await normal.answer(await api(path, init)), answer);
      if (name !== "sign_up_again") continue;
      const login = await api(
        "/api/auth/login",
        post({ email: send?.["email"], password: "password" }),
      );
      admin = cookiesOf(login);
    }

    const defaults = recorded.fresh.exchanges.find(({ name }) => name === "defaults")?.answer.body;
    const config = defaults as JsonObject;
    const oauth = config["oauth"] as JsonObject;
    for (const { name, oauth: change, status, answer, error, row: stored } of fresh.puts) {
      const got = await put(fill({ ...config, oauth: changed(oauth, change) }, origins));
      const shown = isObject(got.body) && got.status === 200 ? got.body["oauth"] : got.body;
      comparison.equal(name, [got.status, shown], [status, error ?? changed(oauth, answer ?? {})]);
      comparison.equal(`${name}, row`, normal.json((await row()) as JsonObject), stored);
    }
    comparison.equal("put_partial_body", await put(fresh.partial.send), fresh.partial.answer);
    expect(comparison.differences()).toEqual([]);
  }, 60_000);

  test("rows are seen at once, and issuers that don't answer as they should", async () => {
    const { issuers } = recorded;
    await setRow({ oauth: base });
    comparison.equal("nr_features", (await get("/api/server/features")).body, issuers.features);
    const config = (await get("/api/server/config")).body as JsonObject;
    comparison.equal("nr_button", config["oauthButtonText"], issuers.button);
    const authorize = async (redirectUri?: string) =>
      normal.answer(await api("/api/oauth/authorize", post({ redirectUri })));
    comparison.equal("nr_authorize", await authorize(WEB), issuers.authorize);
    immich.newLog();
    for (const { name, issuerUrl, answer, log } of issuers.list) {
      await setRow({ oauth: { ...base, issuerUrl: fill(issuerUrl, origins) } });
      comparison.equal(name, await authorize(WEB), answer);
      comparison.equal(`log of ${name}`, normal.log(immich.newLog()), log ?? []);
    }
    await setRow({ oauth: { ...base, enabled: false } });
    comparison.equal("authorize_disabled", await authorize(WEB), issuers.disabled);
    comparison.equal("authorize_no_redirect", await authorize(), issuers.noRedirect);
    expect(comparison.differences()).toEqual([]);
  }, 60_000);

  /** A recorded login, step by step. */
  async function replay(flow: Flow, known = false): Promise<string> {
    await fetch(`${origins["oidc"]}/next/${flow.user}`);
    await setRow({ oauth: changed(base, fill(flow.oauth, origins)) });
    const before = await people();
    immich.newLog();
    const outcome = await logIn(flow, {
      immich: immich.url,
      normal,
      session: flow.how === "link" ? admin : undefined,
      meanwhile: async () => {
        if (flow.how === "row-removed") {
          await database.query("DELETE FROM system_metadata WHERE key = 'system-config'");
        }
      },
    });
    comparison.equal(`${flow.name}, authorize`, outcome.authorize, flow.authorize);
    comparison.equal(`${flow.name}, returned`, outcome.returned, flow.returned);
    comparison.equal(`${flow.name}, callback`, outcome.callback, flow.callback);
    const log = normal.log(immich.newLog()).filter((line) => !known || !/Registering/.test(line));
    const [first, ...tail] = flow.log ?? [];
    // Of some logs only the end was kept.
    const kept = first === "…" ? log.slice(-tail.length) : log;
    if (flow.log !== undefined) {
      comparison.equal(`log of ${flow.name}`, kept, first === "…" ? tail : flow.log);
    }
    if (flow.people !== undefined) {
      const old = before.map((person) => JSON.stringify(person));
      const fresh = (await people()).filter((person) => !old.includes(JSON.stringify(person)));
      comparison.equal(`people after ${flow.name}`, fresh, flow.people);
    }
    return outcome.cookies;
  }

  test("logins", async () => {
    const [first, ...others] = recorded.flows;
    if (first === undefined) throw new Error("no logins recorded");
    // The list of people was first taken after this login, so it has the admin, too.
    await replay({ ...first, people: first.people?.slice(1) });
    for (const flow of others) await replay(flow);
    const response = await fetch(`${immich.url}/api/oauth/mobile-redirect?code=abc&state=def`, {
      redirect: "manual",
    });
    comparison.equal(
      "mobile_redirect_endpoint",
      { status: response.status, location: response.headers.get("location") },
      recorded.mobileRedirect,
    );
    expect(comparison.differences()).toEqual([]);
  }, 120_000);

  test("logins on rows with bad values", async () => {
    for (const flow of recorded.rows) await replay(flow);
    const { oauth, top, putStatus, row: stored } = recorded.unknownKeys;
    await setRow({ oauth: { ...base, foo: "x", roleClaim: "immich_role" }, unknownTop: { a: 1 } });
    const shown = (await get("/api/system-config")).body as JsonObject;
    comparison.equal("get_shows_unknown", shown["oauth"], oauth);
    comparison.equal("get_shows_unknown, sections", Object.keys(shown), top);
    comparison.equal("put_after_unknown", (await put(fill(shown, origins))).status, putStatus);
    comparison.equal("put_after_unknown, row", normal.json((await row()) as JsonObject), stored);
    expect(comparison.differences()).toEqual([]);
  }, 120_000);

  test("logins with odd providers, links and logout", async () => {
    // The recorded server had seen the odd providers' people before.
    for (const flow of recorded.odd) await replay(flow, flow.name !== "mobile_like_app");
    comparison.equal(
      "unlink",
      await normal.answer(await api("/api/oauth/unlink", post({}, admin))),
      recorded.unlink,
    );
    await setRow({ oauth: base });
    const normalLogin = recorded.flows.find(({ name }) => name === "ok_second_login");
    if (normalLogin === undefined) throw new Error("no second login recorded");
    const session = await replay(normalLogin);
    await setRow({ oauth: { ...base, enabled: false } });
    comparison.equal(
      "oauth_session_after_disable",
      (await fetch(`${immich.url}/api/users/me`, { headers: { cookie: session } })).status,
      recorded.cache.sessionAfterDisable,
    );
    await setRow({ oauth: base });
    comparison.equal(
      "logout_oauth",
      await normal.answer(await fetch(`${immich.url}/api/auth/logout`, post({}, session))),
      recorded.logout,
    );
    expect(comparison.differences()).toEqual([]);
  }, 120_000);

  test("saves over a direct write, and password login off", async () => {
    const { cache } = recorded;
    await setRow({});
    const form = (await api("/api/system-config")).json();
    await setRow({ oauth: base });
    immich.newLog();
    const saved = await put(await form);
    comparison.equal(
      "stale_form_put",
      { status: saved.status, row_after: await row() },
      cache.stalePut,
    );
    comparison.equal("log_after_put", normal.log(immich.newLog()), cache.logAfterPut);
    await setRow({ oauth: base, passwordLogin: { enabled: false } });
    const features = (await get("/api/server/features")).body as JsonObject;
    const { oauth, passwordLogin } = features;
    comparison.equal(
      "password_off, features",
      { oauth, passwordLogin },
      cache.passwordOff.features,
    );
    const credentials = { email: "admin@example.test", password: "password" };
    comparison.equal(
      "password_off, login",
      await normal.answer(await api("/api/auth/login", post(credentials))),
      cache.passwordOff.login,
    );
    expect(comparison.differences()).toEqual([]);
  }, 60_000);
});

/** What the public API shows. */
async function look(url: string, base: string) {
  const json = async (path: string) => (await (await fetch(`${url}${path}`)).json()) as JsonObject;
  return {
    features: await json(`${base}/features`),
    button: (await json(`${base}/config`))["oauthButtonText"],
    authorize: await authorizeAt(url),
  };
}

async function authorizeAt(url: string) {
  const { status, body } = await normal.answer(
    await fetch(`${url}/api/oauth/authorize`, post({ redirectUri: WEB })),
  );
  return { status, body };
}

/** The lines of a start's log that complain. */
function complaints(log: string): string[] {
  return [...new Set(normal.log(log).filter((line) => !line.startsWith("LOG ")))];
}

/** The words with which a server that doesn't start dies, without its stack. */
function lastWords(error: unknown): string[] {
  const log = (error as { log?: string }).log ?? String(error);
  const words = /^\w*(?:Error|Exception): [\s\S]*?(?=\n\s+at |(?![\s\S]))/m.exec(log)?.[0] ?? log;
  return [words.trim()];
}

test("Immich 1.105.1: rows of system_config, read once", async () => {
  const { old } = recorded;
  const version = "1.105.1";
  const databaseUrl = await postgres.createDatabase("replay_old", null);
  const database = new Client({ connectionString: databaseUrl });
  const rows = async (): Promise<unknown> => {
    const { rows } = await database.query<{ key: string; value: string }>(
      "SELECT key, value FROM system_config ORDER BY key",
    );
    return Object.fromEntries(rows.map(({ key, value }) => [key, normal.text(value)]));
  };
  const setRows = async (values: Readonly<Record<string, string>>) => {
    await database.query("DELETE FROM system_config");
    for (const [key, value] of Object.entries(fill(values, origins))) {
      await database.query("INSERT INTO system_config VALUES ($1, $2)", [key, value]);
    }
  };
  let immich = await startImmich({ databaseUrl, version, admin: false });
  try {
    await database.connect();
    const { url } = immich;
    const answer = await fetch(`${url}/api/server-info/version`);
    comparison.equal("old, version", await answer.json(), old.version);
    const person = { email: "admin@example.test", password: "password", name: "Admin" };
    const signUp = await fetch(`${url}/api/auth/admin-sign-up`, post(person));
    comparison.equal("old, signup", signUp.status, old.signup);
    const cookie = cookiesOf(await fetch(`${url}/api/auth/login`, post(person)));
    const api = (method: string, body?: JsonObject) =>
      fetch(`${url}/api/system-config`, {
        method,
        headers: { cookie, "content-type": "application/json" },
        body: body && JSON.stringify(body),
      });
    const defaults = (await (await api("GET")).json()) as JsonObject;
    comparison.equal("old, defaults_oauth", defaults["oauth"], old.defaults);
    const wanted = Object.fromEntries(
      Object.entries(fill(old.put.rows, origins)).map(([key, value]) => [
        key.replace("oauth.", ""),
        JSON.parse(String(value)),
      ]),
    ) as JsonObject;
    const saved = await api("PUT", { ...defaults, oauth: { ...old.defaults, ...wanted } });
    comparison.equal("old, put", { status: saved.status, rows: await rows() }, old.put);
    const back = await api("PUT", defaults);
    comparison.equal(
      "old, put_defaults",
      { status: back.status, rows: await rows() },
      old.putDefaults,
    );

    const written = old.cases.find(({ name }) => name === "old_enabled_raw_true_text")?.rows ?? {};
    await setRows(written);
    const seen = await look(url, "/api/server-info");
    const shown = { ...seen, features: seen.features["oauth"] };
    comparison.equal("old, sql_without_restart", shown, old.sqlWithoutRestart);

    for (const start of old.cases) {
      await immich.stop();
      await setRows(start.rows);
      immich = await compareStart(start, { databaseUrl, version }, immich);
      if (start.name !== "old_enabled_raw_true_text") continue;
      const after = await look(immich.url, "/api/server-info");
      const afterShown = { ...after, features: after.features["oauth"] };
      comparison.equal("old, sql_after_restart", afterShown, old.sqlAfterRestart);
    }
  } finally {
    await database.end();
    await immich.stop();
  }
  expect(comparison.differences()).toEqual([]);
}, 120_000);

/** Starts an Immich and compares what it does; returns it, or `fallback` when it doesn't start. */
async function compareStart(
  start: Start,
  options: { databaseUrl: string; version?: string; configFile?: string },
  fallback: RunningImmich,
): Promise<RunningImmich> {
  let immich: RunningImmich;
  try {
    immich = await startImmich({ ...options, admin: false });
  } catch (error) {
    comparison.equal(`${start.name}, starts`, false, start.starts);
    comparison.equal(
      `log of ${start.name}`,
      lastWords(error),
      start.log.map((text) => text.trim()),
    );
    return fallback;
  }
  comparison.equal(`${start.name}, starts`, true, start.starts);
  comparison.equal(`log of ${start.name}`, complaints(immich.log()), start.log);
  const old = options.version !== undefined;
  const seen = await look(immich.url, old ? "/api/server-info" : "/api/server");
  const { oauth, oauthAutoLaunch, passwordLogin, configFile } = seen.features;
  const features = old ? oauth : { oauth, oauthAutoLaunch, passwordLogin, configFile };
  comparison.equal(`${start.name}, features`, features, start.features);
  if (start.button !== undefined)
    comparison.equal(`${start.name}, button`, seen.button, start.button);
  comparison.equal(`${start.name}, authorize`, seen.authorize, start.authorize);
  return immich;
}

test("IMMICH_CONFIG_FILE", async () => {
  const { file } = recorded;
  const databaseUrl = await postgres.createDatabase("replay_file", null);
  const path = join(folder, "immich-config.json");
  const missing = join(folder, "nope.json");
  const idle: RunningImmich = {
    url: "",
    log: () => "",
    newLog: () => "",
    stop: () => Promise.resolve(),
  };
  const setup = await startImmich({
    databaseUrl,
    admin: { email: "admin@example.test", name: "Admin", password: "password" },
  });
  await setup.stop();
  const database = new Client({ connectionString: databaseUrl });
  await database.connect();
  await database.query("INSERT INTO system_metadata VALUES ('system-config', $1)", [
    JSON.stringify({ oauth: { ...base, buttonText: "From DB" } }),
  ]);
  await database.end();

  for (const start of file.cases) {
    const { name, content } = start;
    const text = typeof content === "string" ? content : JSON.stringify(fill(content, origins));
    writeFileSync(path, text);
    const configFile = name === "empty_env_var" ? "" : name === "missing_file" ? missing : path;
    const expected = fill(
      { ...start, log: start.log.map((line) => line.replace("'nope.json'", `'${missing}'`)) },
      {},
    );
    const immich = await compareStart(expected, { databaseUrl, configFile }, idle);
    if (name === "valid_file_oauth_off") await useFile(immich.url, path);
    await immich.stop();
  }
  expect(comparison.differences()).toEqual([]);
}, 120_000);

/** What a running server does with its file. */
async function useFile(url: string, path: string): Promise<void> {
  const { file } = recorded;
  const credentials = { email: "admin@example.test", password: "password" };
  const cookie = cookiesOf(await fetch(`${url}/api/auth/login`, post(credentials)));
  const config = (await (
    await fetch(`${url}/api/system-config`, { headers: { cookie } })
  ).json()) as JsonObject;
  const shown = { ...(config["oauth"] as JsonObject), buttonText: "via API" };
  comparison.equal("get_system_config from a file", normal.json(shown), file.getOauth);
  const refused = await fetch(`${url}/api/system-config`, {
    ...post(config, cookie),
    method: "PUT",
  });
  comparison.equal("put_refused", await normal.answer(refused), file.putRefused);

  writeFileSync(
    path,
    JSON.stringify({ oauth: { ...base, buttonText: "File changed while running" } }),
  );
  const { features, button } = await look(url, "/api/server");
  comparison.equal("file_change_without_restart", [features["oauth"], button], file.changed);
  await fetch(`${origins["oidc"]}/next/admin`);
  const flow = recorded.flows.find(({ name }) => name === "links_by_email_admin");
  if (flow === undefined) throw new Error("no login recorded");
  const { callback } = await logIn(flow, { immich: url, normal });
  comparison.equal("login_with_file_config", callback?.status, file.login);
  writeFileSync(path, JSON.stringify({ oauth: { enabled: "maybe" } }));
  comparison.equal(
    "file_turns_invalid_while_running",
    await normal.answer(await fetch(`${url}/api/server/features`)),
    file.invalidWhileRunning,
  );
}

test("OAuth keys by version", () => {
  for (const { version, keys } of recorded.keys) {
    const oauth = defaultsOf(parseVersion(version))["oauth"] as JsonObject;
    const known = Object.keys(oauth).map((key) => `oauth.${key}`);
    comparison.equal(`keys of ${version}`, known.sort(), [...keys].sort());
  }
  expect(comparison.differences()).toEqual([]);
});

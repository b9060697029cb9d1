/** Immich 1.105.1: rows of `system_config`, read once a process. */
import { Client } from "pg";
import type { JsonObject } from "../../../../sandbox/immich/merge";
import { type Exchanges, fill } from "../exchanges";
import { cookiesOf, post } from "../login";
import { type RunningImmich, startImmich } from "../server";
import { ADMIN, type Stage } from "./stage";
import { compareStart, look } from "./starts";

const version = "1.105.1";

/** Part 5 of the recordings. */
export async function replayOldServer(stage: Stage): Promise<void> {
  const { comparison, recorded, postgres, normal } = stage;
  const { old } = recorded;
  const databaseUrl = await postgres.createDatabase("replay_old", null);
  const database = new Client({ connectionString: databaseUrl });
  let immich: RunningImmich | undefined = await startImmich({ databaseUrl, version, admin: false });
  const see = async (url: string) => {
    const seen = await look(url, "/api/server-info", normal);
    return { ...seen, features: seen.features["oauth"] };
  };
  try {
    await database.connect();
    await replaySaves(stage, immich.url, database);
    // Written past the server, which goes on with what it has read.
    const written = old.cases.find(({ name }) => name === "old_enabled_raw_true_text");
    await setRows(stage, database, written?.rows ?? {});
    comparison.equal("old, sql_without_restart", await see(immich.url), old.sqlWithoutRestart);
    for (const start of old.cases) {
      await immich?.stop();
      await setRows(stage, database, start.rows);
      immich = await compareStart(stage, start, { databaseUrl, version });
      if (start !== written || immich === undefined) continue;
      comparison.equal("old, sql_after_restart", await see(immich.url), old.sqlAfterRestart);
    }
  } finally {
    await database.end();
    await immich?.stop();
  }
}

async function replaySaves(stage: Stage, url: string, database: Client): Promise<void> {
  const { comparison, origins } = stage;
  const { old } = stage.recorded;
  const answer = await fetch(`${url}/api/server-info/version`);
  comparison.equal("old, version", await answer.json(), old.version);
  const signUp = await fetch(`${url}/api/auth/admin-sign-up`, post(ADMIN));
  comparison.equal("old, signup", signUp.status, old.signup);
  const cookie = cookiesOf(await fetch(`${url}/api/auth/login`, post(ADMIN)));
  const save = async (body: JsonObject) => {
    const init = { ...post(body, cookie), method: "PUT" };
    const { status } = await fetch(`${url}/api/system-config`, init);
    return { status, rows: await rowsOf(stage, database) };
  };
  const shown = await fetch(`${url}/api/system-config`, { headers: { cookie } });
  const defaults = (await shown.json()) as JsonObject;
  comparison.equal("old, defaults_oauth", defaults["oauth"], old.defaults);
  const wanted = settingsOf(fill(old.put.rows, origins));
  const config = { ...defaults, oauth: { ...old.defaults, ...wanted } };
  comparison.equal("old, put", await save(config), old.put);
  comparison.equal("old, put_defaults", await save(defaults), old.putDefaults);
}

/** What rows say of `oauth`. */
function settingsOf(rows: Exchanges["old"]["put"]["rows"]): JsonObject {
  return Object.fromEntries(
    Object.entries(rows).map(([key, value]) => [
      key.replace("oauth.", ""),
      JSON.parse(String(value)),
    ]),
  ) as JsonObject;
}

async function rowsOf({ normal }: Stage, database: Client): Promise<Record<string, string>> {
  const { rows } = await database.query<{ key: string; value: string }>(
    "SELECT key, value FROM system_config ORDER BY key",
  );
  return Object.fromEntries(rows.map(({ key, value }) => [key, normal.text(value)]));
}

async function setRows(
  { origins }: Stage,
  database: Client,
  rows: Readonly<Record<string, string>>,
): Promise<void> {
  await database.query("DELETE FROM system_config");
  for (const [key, value] of Object.entries(fill(rows, origins))) {
    await database.query("INSERT INTO system_config VALUES ($1, $2)", [key, value]);
  }
}

/** IMMICH_CONFIG_FILE: it rules, and the row is ignored. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import type { JsonObject } from "../../../../sandbox/immich/merge";
import { fill } from "../exchanges";
import { cookiesOf, logIn, post } from "../login";
import { startImmich } from "../server";
import { ADMIN, flowNamed, type Stage } from "./stage";
import { compareStart, look } from "./starts";

/** Part 6 of the recordings. */
export async function replayConfigFile(stage: Stage): Promise<void> {
  const { recorded, postgres, folder, base, origins } = stage;
  const databaseUrl = await postgres.createDatabase("replay_file", null);
  const path = join(folder, "immich-config.json");
  const missing = join(folder, "nope.json");
  await (await startImmich({ databaseUrl, admin: ADMIN })).stop();
  const database = new Client({ connectionString: databaseUrl });
  await database.connect();
  await database.query("INSERT INTO system_metadata VALUES ('system-config', $1)", [
    JSON.stringify({ oauth: { ...base, buttonText: "From DB" } }),
  ]);
  await database.end();

  for (const start of recorded.file.cases) {
    const { name, content } = start;
    writeFileSync(
      path,
      typeof content === "string" ? content : JSON.stringify(fill(content, origins)),
    );
    const files: Record<string, string> = { empty_env_var: "", missing_file: missing };
    const log = start.log.map((line) => line.replace("'nope.json'", `'${missing}'`));
    const options = { databaseUrl, configFile: files[name] ?? path };
    const immich = await compareStart(stage, { ...start, log }, options);
    if (name === "valid_file_oauth_off" && immich !== undefined) {
      await useFile(stage, immich.url, path);
    }
    await immich?.stop();
  }
}

/** What a running server does with its file. */
async function useFile(stage: Stage, url: string, path: string): Promise<void> {
  const { comparison, normal, base } = stage;
  const { file } = stage.recorded;
  const write = (oauth: JsonObject): void => writeFileSync(path, JSON.stringify({ oauth }));
  const cookie = cookiesOf(await fetch(`${url}/api/auth/login`, post(ADMIN)));
  const settings = `${url}/api/system-config`;
  const config = (await (await fetch(settings, { headers: { cookie } })).json()) as JsonObject;
  // The recorded one was about to be sent back with another text.
  const shown = { ...(config["oauth"] as JsonObject), buttonText: "via API" };
  comparison.equal("get_system_config from a file", normal.json(shown), file.getOauth);
  const refused = await fetch(settings, { ...post(config, cookie), method: "PUT" });
  comparison.equal("put_refused", await normal.answer(refused), file.putRefused);

  write({ ...base, buttonText: "File changed while running" });
  const { features, button } = await look(url, "/api/server", normal);
  comparison.equal("file_change_without_restart", [features["oauth"], button], file.changed);
  await stage.nextUser("admin");
  const { callback } = await logIn(flowNamed(stage, "links_by_email_admin"), {
    immich: url,
    normal,
  });
  comparison.equal("login_with_file_config", callback?.status, file.login);
  write({ enabled: "maybe" });
  const broken = await normal.answer(await fetch(`${url}/api/server/features`));
  comparison.equal("file_turns_invalid_while_running", broken, file.invalidWhileRunning);
}

/** A fresh server, every recorded save of its settings, and issuers that don't answer as they should. */
import { isObject, type JsonObject } from "../../../../sandbox/immich/merge";
import { changed, fill } from "../exchanges";
import { post } from "../login";
import { runImmichAdmin } from "../server";
import type { Server } from "./server";
import { ADMIN, WEB } from "./stage";

/** Parts 1 of the recordings. */
export async function replayFreshServer(server: Server): Promise<void> {
  const { stage } = server;
  const { comparison, origins } = stage;
  const { fresh } = stage.recorded;
  await compareTable(server);
  for (const { name, method, path, send, answer } of fresh.exchanges) {
    const got = await server.ask(path, method === "GET" ? {} : post(send ?? {}));
    comparison.equal(name, got, answer);
    if (name === "sign_up_again") await server.logInAdmin();
  }

  const config = fresh.exchanges.find(({ name }) => name === "defaults")?.answer.body as JsonObject;
  const oauth = config["oauth"] as JsonObject;
  for (const { name, oauth: change, status, answer, error, row } of fresh.puts) {
    const got = await server.save(fill({ ...config, oauth: changed(oauth, change) }, origins));
    const shown = isObject(got.body) && got.status === 200 ? got.body["oauth"] : got.body;
    comparison.equal(name, [got.status, shown], [status, error ?? changed(oauth, answer ?? {})]);
    comparison.equal(`${name}, row`, await server.row(), row);
  }
  comparison.equal("put_partial_body", await server.save(fresh.partial.send), fresh.partial.answer);
}

async function compareTable({ stage, database }: Server): Promise<void> {
  const { fresh } = stage.recorded;
  const { rows } = await database.query("SELECT key, value FROM system_metadata");
  stage.comparison.equal("rows_fresh", rows, fresh.rows);
  const { rows: columns } = await database.query<{ text: string }>(
    `SELECT column_name || ' ' || data_type || ' null=' || is_nullable || ' default=' ||
       coalesce(column_default, '-') AS text
     FROM information_schema.columns WHERE table_name = 'system_metadata'
     ORDER BY column_name DESC`,
  );
  stage.comparison.equal("table", columns.map(({ text }) => text).join("\n"), fresh.table);
  const { rows: constraints } = await database.query<{ text: string }>(
    `SELECT conname || ' ' || pg_get_constraintdef(oid) AS text FROM pg_constraint
     WHERE conrelid = 'system_metadata'::regclass AND contype = 'p'`,
  );
  stage.comparison.equal("constraints", constraints[0]?.text, fresh.constraints);
}

/** Parts 2 of the recordings. */
export async function replayIssuers(server: Server): Promise<void> {
  const { comparison, recorded, base, normal, origins } = server.stage;
  const { issuers } = recorded;
  const authorize = (redirectUri?: string) =>
    server.ask("/api/oauth/authorize", post({ redirectUri }));
  await server.setRow({ oauth: base });
  comparison.equal("nr_features", await server.read("/api/server/features"), issuers.features);
  const { oauthButtonText } = await server.read("/api/server/config");
  comparison.equal("nr_button", oauthButtonText, issuers.button);
  comparison.equal("nr_authorize", await authorize(WEB), issuers.authorize);
  server.immich.newLog();
  for (const { name, issuerUrl, answer, log = [] } of issuers.list) {
    await server.setRow({ oauth: { ...base, issuerUrl: fill(issuerUrl, origins) } });
    comparison.equal(name, await authorize(WEB), answer);
    comparison.equal(`log of ${name}`, normal.log(server.immich.newLog()), log);
  }
  await server.setRow({ oauth: { ...base, enabled: false } });
  comparison.equal("authorize_disabled", await authorize(WEB), issuers.disabled);
  comparison.equal("authorize_no_redirect", await authorize(), issuers.noRedirect);
}

/** Parts 3: saves over a direct write, and password login switched off. */
export async function replaySavesAndPasswords(server: Server): Promise<void> {
  const { comparison, recorded, base, normal } = server.stage;
  const { cache } = recorded;
  await server.setRow({});
  const form = await server.read("/api/system-config");
  await server.setRow({ oauth: base });
  server.immich.newLog();
  const { status } = await server.save(form);
  comparison.equal("stale_form_put", { status, row_after: await server.row() }, cache.stalePut);
  comparison.equal("log_after_put", normal.log(server.immich.newLog()), cache.logAfterPut);

  await server.setRow({ oauth: base, passwordLogin: { enabled: false } });
  const { oauth, passwordLogin } = await server.read("/api/server/features");
  const { features, login } = cache.passwordOff;
  comparison.equal("password_off, features", { oauth, passwordLogin }, features);
  comparison.equal("password_off, login", await server.ask("/api/auth/login", post(ADMIN)), login);
}

/** Parts 3: Immich's command line. */
export async function replayCommands(server: Server): Promise<void> {
  const { comparison, recorded, base } = server.stage;
  const { clientId = "", issuerUrl = "" } = base;
  const oauth = { clientId, issuerUrl, foo: 1 };
  await server.setRow({ oauth, passwordLogin: { enabled: false } });
  for (const { name, exitCode, says, row, oauth } of recorded.cache.commands) {
    const outcome = await runImmichAdmin({ databaseUrl: server.databaseUrl }, name);
    const shown = { ...outcome, says: outcome.says.replace(/\[Nest\].*?[AP]M +/g, "") };
    comparison.equal(name, shown, { exitCode, says });
    comparison.equal(`${name}, row`, await server.row(), row);
    const features = await server.read("/api/server/features");
    comparison.equal(`${name}, features`, features["oauth"], oauth);
  }
}

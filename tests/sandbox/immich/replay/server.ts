/** The one server of the recordings of 1.135.3, and what is done with it again and again. */
import { Client } from "pg";
import type { JsonObject } from "../../../../sandbox/immich/merge";
import { type Answer, changed, fill, type Flow } from "../exchanges";
import { cookiesOf, logIn, post } from "../login";
import { type RunningImmich, startImmich } from "../server";
import { ADMIN, type Stage } from "./stage";

/** A server, its database and its admin. */
export class Server {
  /** The admin's cookies; empty before `logInAdmin`. */
  admin = "";

  private constructor(
    readonly stage: Stage,
    readonly immich: RunningImmich,
    readonly databaseUrl: string,
    readonly database: Client,
  ) {}

  /** Starts a fresh one. */
  static async start(stage: Stage): Promise<Server> {
    const databaseUrl = await stage.postgres.createDatabase("replay", null);
    const immich = await startImmich({ databaseUrl, admin: false });
    const database = new Client({ connectionString: databaseUrl });
    await database.connect();
    return new Server(stage, immich, databaseUrl, database);
  }

  async stop(): Promise<void> {
    await this.database.end();
    await this.immich.stop();
  }

  /** A request, with the admin's cookies unless it has its own. */
  request(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.immich.url}${path}`, {
      ...init,
      headers: { cookie: this.admin, ...init.headers },
    });
  }

  async ask(path: string, init: RequestInit = {}): Promise<Answer> {
    return this.stage.normal.answer(await this.request(path, init));
  }

  async logInAdmin(): Promise<void> {
    this.admin = cookiesOf(await this.request("/api/auth/login", post(ADMIN)));
  }

  /** The body of a GET. */
  async read(path: string): Promise<JsonObject> {
    return (await this.ask(path)).body as JsonObject;
  }

  /** Saves the settings, as the page does. */
  save(config: unknown): Promise<Answer> {
    const headers = { "content-type": "application/json" };
    return this.ask("/api/system-config", {
      method: "PUT",
      headers,
      body: JSON.stringify(config),
    });
  }

  async setRow(value: unknown): Promise<void> {
    await this.database.query(
      `INSERT INTO system_metadata (key, value) VALUES ('system-config', $1)
       ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
      [JSON.stringify(value)],
    );
  }

  /** The settings' row, normalised. */
  async row(): Promise<unknown> {
    const { rows } = await this.database.query<{ value: JsonObject }>(
      "SELECT value FROM system_metadata WHERE key = 'system-config'",
    );
    return rows[0] && this.stage.normal.json(rows[0].value);
  }

  /** Replays a login and compares each step. Returns the cookies of who logged in. */
  async replay(flow: Flow, { known = false } = {}): Promise<string> {
    const { stage, immich } = this;
    const { comparison, normal } = stage;
    await stage.nextUser(flow.user);
    await this.setRow({ oauth: changed(stage.base, fill(flow.oauth, stage.origins)) });
    const before = (await this.people()).map((person) => JSON.stringify(person));
    immich.newLog();
    const outcome = await logIn(flow, {
      immich: immich.url,
      normal,
      session: flow.how === "link" ? this.admin : undefined,
      meanwhile: flow.how === "row-removed" ? () => this.removeRow() : undefined,
    });
    comparison.equal(`${flow.name}, authorize`, outcome.authorize, flow.authorize);
    comparison.equal(`${flow.name}, returned`, outcome.returned, flow.returned);
    comparison.equal(`${flow.name}, callback`, outcome.callback, flow.callback);
    if (flow.log !== undefined) {
      const log = normal.log(immich.newLog()).filter((line) => !known || !/Registering/.test(line));
      // Of some logs only the end was kept.
      const [first, ...tail] = flow.log;
      const [got, want] = first === "…" ? [log.slice(-tail.length), tail] : [log, flow.log];
      comparison.equal(`log of ${flow.name}`, got, want);
    }
    if (flow.people !== undefined) {
      const fresh = (await this.people()).filter((one) => !before.includes(JSON.stringify(one)));
      comparison.equal(`people after ${flow.name}`, fresh, flow.people);
    }
    return outcome.cookies;
  }

  private async removeRow(): Promise<void> {
    await this.database.query("DELETE FROM system_metadata WHERE key = 'system-config'");
  }

  private async people(): Promise<JsonObject[]> {
    const { rows } = await this.database.query<JsonObject>(
      `SELECT email, name, "oauthId", "storageLabel", "quotaSizeInBytes"::float8 AS quota, "isAdmin",
         password <> '' AS pw FROM users ORDER BY "createdAt"`,
    );
    return rows;
  }
}

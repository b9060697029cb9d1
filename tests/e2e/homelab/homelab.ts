/**
 * A homelab as a test sees and touches it, by the means that whoever has one has: SSH, SQL as Immich's own Postgres user,
 * the APIs of Authentik and Immich. The sandbox is seen and touched the same way.
 */
import { openDatabase } from "../../../immich/database";
import { findScript } from "../../../ssh/composeScript";
import type { ExecResult } from "../../../ssh/exec";
import { openContainerPort } from "../../../ssh/container";
import { closeShared, shared } from "../../../ssh/shared";
import { type Description, type HomelabConfig, stackConfigOf } from "./description";
import { type Inventory, type Json, KINDS } from "./inventory";

/** Somebody who can log in at Authentik. */
export interface Person {
  readonly username: string;
  readonly email: string;
  readonly password: string;
}

export class Homelab {
  readonly config: HomelabConfig;
  private session: string | undefined;

  /**
   * @param theirs what the tests did not make: it is not changed by `api`
   * @param ownSql the sandbox's own way to its database, which no fault of SSH is in the way of, and which is not counted
   */
  constructor(
    readonly description: Description,
    private readonly theirs?: Inventory,
    private readonly ownSql?: (sql: string, values: unknown[]) => Promise<Json[]>,
  ) {
    this.config = stackConfigOf(description);
  }

  /** Authentik: its API's address, its address for browsers, an administrator's token. */
  get authentik(): { url: string; publicUrl: string; token: string } {
    return this.config.authentik;
  }

  /** Immich: its address for browsers, and as it is reached from here. */
  get immich(): { url: string; apiUrl: string } {
    const { url, apiUrl } = this.config.immich;
    return { url, apiUrl: apiUrl ?? url };
  }

  /** Asks an SQL question of Immich's database, as Immich's own Postgres user, over SSH. */
  async sql<Row = Json>(sql: string, values: unknown[] = []): Promise<Row[]> {
    if (this.ownSql) return (await this.ownSql(sql, values)) as Row[];
    const { database } = this.config;
    const ssh = await shared(database.ssh);
    const stream = await openContainerPort(ssh, database);
    const login = {
      database: database.database,
      user: database.user,
      password: database.password,
      where: "the homelab's",
    };
    const session = await openDatabase(stream, login);
    try {
      return (await session.query(sql, values)).rows as Row[];
    } finally {
      await session.end();
    }
  }

  /** Runs a shell command on Immich's host. */
  async exec(command: string): Promise<ExecResult> {
    const ssh = await shared(this.config.database.ssh);
    return ssh.exec(command, { timeoutMs: 240_000 });
  }

  /**
   * Asks Authentik's API.
   *
   * @throws Error with its answer where that is no success; before anything is changed that the tests did not make
   */
  async api(method: string, path: string, body?: object): Promise<Json> {
    if (method !== "GET") this.refuseTheirs(path);
    return ask(method, `${this.authentik.url}/api/v3/${path}`, this.authentik.token, body);
  }

  private refuseTheirs(path: string): void {
    for (const [list, names] of KINDS) {
      const [folder = ""] = list.split("?");
      const key = path.startsWith(folder) ? path.slice(folder.length).split("/")[0] : "";
      const found = Object.entries(this.theirs?.authentik[list] ?? {}).find(
        ([pk, one]) => pk === key || names.some((name) => one[name] === key),
      );
      if (key && found) throw new Error(`${path} is the homelab's own: no test changes it`);
    }
  }

  /** Every object of a list of Authentik's API, of all its pages. */
  async list(path: string): Promise<Json[]> {
    const all: Json[] = [];
    for (let page = 1; page > 0;) {
      const query = `${path.includes("?") ? "&" : "?"}page_size=100&page=${page}`;
      const { results, pagination } = await this.api("GET", `${path}${query}`);
      all.push(...(results as Json[]));
      page = Number((pagination as Json | undefined)?.["next"] ?? 0);
    }
    return all;
  }

  /** Asks Immich's API as an administrator. @throws Error with its answer where that is no success */
  async immichApi<T = Json>(method: string, path: string, body?: object): Promise<T> {
    const { admin, apiKey } = this.description.immich;
    const url = `${this.immich.apiUrl}/api/`;
    if (admin !== undefined && this.session === undefined) {
      const login = await ask("POST", `${url}auth/login`, undefined, admin);
      this.session = String(login["accessToken"]);
    }
    const key = admin === undefined ? { apiKey } : { token: this.session };
    return (await ask(method, `${url}${path}`, key, body)) as T;
  }

  /** An administrator changes settings on Immich's own page: opens the form, changes these, presses Save. */
  async save(changes: Json): Promise<void> {
    const form = await this.immichApi("GET", "system-config");
    await this.immichApi("PUT", "system-config", merged(form, changes));
  }

  /**
   * How often Immich has been started since its container was made, by its own log.
   *
   * @throws Error where its container can't be found
   */
  async starts(): Promise<number> {
    const { restart, database } = this.config;
    const script = `${findScript({ ...restart, runtime: database.runtime })}
for id in $ids; do ${database.runtime} logs "$id" 2>&1; done | grep -c 'Immich Server is listening' || :`;
    const { code, stdout, stderr } = await this.exec(script);
    if (code !== 0) throw new Error(`Immich's container can't be looked at: ${stderr}`);
    return Number(stdout.trim());
  }

  /** Ends the connections and the administrator's session. */
  async close(): Promise<void> {
    if (this.session !== undefined)
      await this.immichApi("POST", "auth/logout").catch(() => undefined); // it ends by itself
    this.session = undefined;
    await closeShared();
  }
}

/** @param key a bearer token, or Immich's API key */
async function ask(
  method: string,
  url: string,
  key: string | { token?: string; apiKey?: string } | undefined,
  body?: object,
): Promise<Json> {
  const { token, apiKey } = typeof key === "object" ? key : { token: key, apiKey: undefined };
  const response = await fetch(url, {
    method,
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(apiKey === undefined ? {} : { "x-api-key": apiKey }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text.slice(0, 500)}`);
  return text === "" ? {} : (JSON.parse(text) as Json);
}

/** The form with changes in it, section by section. */
function merged(form: Json, changes: Json): Json {
  const of = (key: string, value: unknown): unknown =>
    isObject(value) && isObject(form[key]) ? merged(form[key], value) : value;
  return {
    ...form,
    ...Object.fromEntries(Object.entries(changes).map(([key, value]) => [key, of(key, value)])),
  };
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

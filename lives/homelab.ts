/** The sandbox that lives are lived in, one after the other: how each begins, and what can be seen of it. */
import { startSandbox, type Sandbox } from "../sandbox/client";
import { ELSEWHERE, type ImmichVersion, type Trouble } from "./plan";

/** Lists of Authentik's API that the program, or a mistake of it, could change; each before what refers to it. */
const LISTS = {
  binding: "policies/bindings/",
  application: "core/applications/",
  provider: "providers/oauth2/",
  "scope mapping": "propertymappings/provider/scope/",
  group: "core/groups/",
  role: "rbac/roles/",
  certificate: "crypto/certificatekeypairs/",
  flow: "flows/instances/",
} as const;
type Kind = keyof typeof LISTS;

interface AuthentikObject extends Record<string, unknown> {
  readonly pk: string | number;
}

/** All that a life may leave its mark on. */
export interface Observation {
  /** Rows of Immich's settings tables, as text, by table and key. */
  readonly settings: Readonly<Record<string, string>>;
  /** What Immich says of itself to who isn't logged in. */
  readonly immich: Readonly<Record<string, unknown>>;
  /** PostgreSQL's roles, and who may do what with the settings tables and the database. */
  readonly postgres: readonly string[];
  /** Authentik's objects, by kind and primary key. */
  readonly authentik: Readonly<Record<string, AuthentikObject>>;
}

export class Homelab {
  private constructor(
    readonly sandbox: Sandbox,
    /** Authentik's objects before any life. */
    private readonly untouched: Observation["authentik"],
    private version: ImmichVersion,
  ) {}

  static async start(): Promise<Homelab> {
    const version = "1.135.3";
    const sandbox = await startSandbox({ portBase: 0, immichVersion: version });
    try {
      const homelab = new Homelab(sandbox, {}, version);
      await homelab.makeElsewhere();
      return new Homelab(sandbox, await homelab.authentik(), version);
    } catch (error) {
      await sandbox.stop();
      throw error;
    }
  }

  stop(): Promise<void> {
    return this.sandbox.stop();
  }

  get store(): "system_config" | "system_metadata" {
    return this.version === "1.105.1" ? "system_config" : "system_metadata";
  }

  /** Makes everything as if nobody had been here, whatever the life before has left. */
  async begin(version: ImmichVersion, settings: Readonly<Record<string, unknown>>): Promise<void> {
    const { sandbox } = this;
    for (const [name, object] of Object.entries(await this.authentik())) {
      if (name in this.untouched) continue;
      const list = LISTS[name.split(" ").slice(0, -1).join(" ") as Kind];
      await this.api("DELETE", `${list}${object["slug"] ?? object.pk}/`);
    }
    await sandbox.control("immich/stop");
    await sandbox.sql(`DROP SCHEMA public CASCADE`);
    await sandbox.sql(`CREATE SCHEMA public AUTHORIZATION pg_database_owner`);
    await sandbox.sql(`GRANT USAGE ON SCHEMA public TO public`);
    for (const { name } of await this.ourRoles()) {
      await sandbox.sql(`DROP OWNED BY "${name}"`);
      await sandbox.sql(`DROP ROLE "${name}"`);
    }
    await this.upgrade(version);
    if (Object.keys(settings).length === 0) return;
    if (this.store === "system_config") {
      for (const [key, value] of Object.entries(settings)) {
        await sandbox.sql(`INSERT INTO system_config VALUES ($1, $2)`, [
          key,
          JSON.stringify(value),
        ]);
      }
    } else {
      await sandbox.sql(`INSERT INTO system_metadata VALUES ('system-config', $1)`, [
        JSON.stringify(nested(settings)),
      ]);
    }
    // Before 1.106.3 Immich reads its settings once.
    if (this.store === "system_config") await sandbox.control("immich/restart");
  }

  /** Another version of Immich, which moves its settings by itself. */
  async upgrade(version: ImmichVersion): Promise<void> {
    this.version = version;
    await this.sandbox.control("immich/configure", { version });
  }

  /** Breaks something. Returns what mends it. */
  async break(trouble: Trouble): Promise<() => Promise<unknown>> {
    const { control } = this.sandbox;
    const ssh = (policies: object, mended: object) => async () => {
      await control("ssh/policies", policies);
      return () => control("ssh/policies", mended);
    };
    const cut = (fault: object) => ssh({ fault: { kind: "drop", ...fault } }, { fault: null });
    const authentik = (faults: object) => async () => {
      await control("authentik/faults", faults);
      return () => control("authentik/faults", { method: "DELETE" });
    };
    const down = (part: string) => async () => {
      await control(`${part}/stop`);
      return () => control(`${part}/start`);
    };
    const breaking: Record<Trouble, () => Promise<() => Promise<unknown>>> = {
      "Immich's restart fails": async () => {
        await control("docker/policies", { restart: "fails" });
        return () => control("docker/policies", { restart: "works" });
      },
      "Authentik names a wrong issuer": authentik({ issuerWithoutSlash: true }),
      "Authentik has no discovery document": authentik({ discovery: "not-found" }),
      "Authentik is starting": authentik({ starting: true }),
      "Authentik is down": down("authentik"),
      "SSH is down": down("ssh"),
      "SSH refuses the key": ssh({ acceptKeys: false }, { acceptKeys: true }),
      "SSH forwards nothing": ssh({ tcpForwarding: false }, { tcpForwarding: true }),
      "PostgreSQL is down": down("postgres"),
      "the connection is cut at COMMIT": cut({ at: "forward", text: "COMMIT" }),
      "the answer to COMMIT is lost": cut({ at: "forward-answer", text: "COMMIT" }),
      "the connection is cut at the restart": cut({ at: "exec", text: "compose restart" }),
    };
    return breaking[trouble]();
  }

  async observe(): Promise<Observation> {
    const [settings, immich, postgres, authentik] = await Promise.all([
      this.settings(),
      this.published(),
      this.postgres(),
      this.authentik(),
    ]);
    return { settings, immich, postgres, authentik };
  }

  /** Immich's settings by name, wherever this version keeps them. */
  async saved(): Promise<Record<string, unknown>> {
    return meaning(await this.settings());
  }

  /** PostgreSQL logins that stacks have made. */
  ourRoles(): Promise<{ name: string }[]> {
    return this.sandbox.sql(
      `SELECT rolname AS name FROM pg_roles WHERE rolname LIKE 'immich_sso%' ORDER BY 1`,
    );
  }

  private async settings(): Promise<Record<string, string>> {
    const tables = await this.sandbox.sql<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables
       WHERE table_schema = 'public' AND table_name IN ('system_metadata', 'system_config')`,
    );
    const rows = await Promise.all(
      tables.map(({ name }) =>
        this.sandbox.sql<{ name: string; value: string }>(
          `SELECT '${name} ' || key AS name, value::text FROM ${name}`,
        ),
      ),
    );
    return Object.fromEntries(rows.flat().map(({ name, value }) => [name, value]));
  }

  private async published(): Promise<Record<string, unknown>> {
    const base = `${this.sandbox.immich.url}/api/${this.version === "1.105.1" ? "server-info" : "server"}`;
    const ask = async (path: string) => (await fetch(`${base}/${path}`)).json() as Promise<object>;
    return { ...(await ask("features")), ...(await ask("config")) };
  }

  private async postgres(): Promise<string[]> {
    const rows = await this.sandbox.sql<{ what: string }>(`
      SELECT 'role ' || rolname AS what FROM pg_roles
      UNION SELECT format('%s on %s for %s', privilege_type, relname, CASE grantee WHEN 0 THEN 'everybody' ELSE grantee::regrole::text END)
        FROM pg_class, aclexplode(coalesce(relacl, acldefault('r', relowner)))
        WHERE relnamespace = 'public'::regnamespace AND relname IN ('system_metadata', 'system_config')
      UNION SELECT format('%s on database for %s', privilege_type, CASE grantee WHEN 0 THEN 'everybody' ELSE grantee::regrole::text END)
        FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) WHERE datname = current_database()
      ORDER BY 1`);
    return rows.map(({ what }) => what);
  }

  private async authentik(): Promise<Record<string, AuthentikObject>> {
    const objects: Record<string, AuthentikObject> = {};
    for (const [kind, list] of Object.entries(LISTS)) {
      const { results } = await this.api<{ results: AuthentikObject[] }>(
        "GET",
        `${list}?page_size=100&superuser_full_list=true`,
      );
      for (const object of results) objects[`${kind} ${object.pk}`] = object;
    }
    return objects;
  }

  private async api<Answer>(method: string, path: string, body?: object): Promise<Answer> {
    const { url, token } = this.sandbox.authentik;
    const answer = await fetch(`${url}/api/v3/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (answer.status === 204 ? undefined : await answer.json()) as Answer;
  }

  /** Somebody else's application, with all that belongs to one. */
  private async makeElsewhere(): Promise<void> {
    const idOf = async (path: string) => {
      const { results } = await this.api<{ results: AuthentikObject[] }>("GET", path);
      return results[0]?.pk;
    };
    const mapping = await this.api<AuthentikObject>("POST", LISTS["scope mapping"], {
      name: ELSEWHERE.mapping,
      scope_name: "role",
      expression: "return {}",
    });
    const provider = await this.api<AuthentikObject>("POST", LISTS.provider, {
      name: ELSEWHERE.provider,
      client_id: ELSEWHERE.clientId,
      authorization_flow: await idOf("flows/instances/?designation=authorization"),
      invalidation_flow: await idOf("flows/instances/?designation=invalidation"),
      property_mappings: [mapping.pk],
      redirect_uris: [{ matching_mode: "strict", url: "https://paperless.example.org/callback" }],
    });
    const application = await this.api<AuthentikObject>("POST", LISTS.application, {
      name: ELSEWHERE.name,
      slug: ELSEWHERE.slug,
      provider: provider.pk,
    });
    await this.api("POST", LISTS.binding, {
      target: application.pk,
      group: await idOf("core/groups/?name=immich-users"),
      order: 0,
    });
  }
}

/** `{"oauth.enabled": true}` as `{"oauth": {"enabled": true}}`. */
function nested(
  settings: Readonly<Record<string, unknown>>,
): Record<string, Record<string, unknown>> {
  const document: Record<string, Record<string, unknown>> = {};
  for (const [key, value] of Object.entries(settings)) {
    const [section = "", name = ""] = key.split(".");
    (document[section] ??= {})[name] = value;
  }
  return document;
}

/** Immich's settings by name, whichever table they are in. */
export function meaning(settings: Observation["settings"]): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const [row, text] of Object.entries(settings)) {
    const [table = "", key = ""] = row.split(" ");
    const value: unknown = JSON.parse(text);
    if (table === "system_config") found[key] = value;
    else if (key === "system-config")
      for (const [section, values] of Object.entries(value as Record<string, object>))
        for (const [name, one] of Object.entries(values)) found[`${section}.${name}`] = one;
  }
  return found;
}

// The sandbox's Authentik, Immich and PostgreSQL with a finished single sign-on between them, made by
// their own APIs so that it stands in seconds, and a reverse proxy in front of Authentik as homes have.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import * as http from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";

import { settingsLookedAt } from "../../checks/database";
import type { CheckInput } from "../../checks/types";
import { apply, read } from "../../immich/settings";
import { type Postgres, startPostgres } from "../../sandbox/postgres";

const ROOT = join(__dirname, "..", "..");
const TOKEN = "canary-authentik-token-0123456789";
const CONTROL = "control-token";
export const CLIENT_SECRET = "canary-client-secret-0123456789abcdef";
export const ALICE = { username: "alice", password: "canary-alice-password" };
/** In the group, and never let in by a test: new to Immich every time. */
export const CAROL = { username: "carol", password: "canary-carol-password" };
export const BOB = { username: "bob", password: "canary-bob-password" };

/** A JSON object of Authentik's API. */
export type Json = Record<string, unknown>;

/** What the proxy in front of Authentik does to requests. */
export interface ProxyFaults {
  /** Answers 502, as for a backend that is down. */
  down?: boolean;
  /** Answers 403 to some. */
  refuse?: (request: http.IncomingMessage) => boolean;
  /** Seconds that Authentik's clock seems to be behind. */
  behind?: number;
}

export class Lab {
  readonly proxy: ProxyFaults = {};
  authentikUrl = "";
  publicUrl = "";
  immichUrl = "";
  /** When the running Immich was started. */
  immichStartedAt = new Date(0);
  private readonly folder = mkdtempSync(join(tmpdir(), "checks-lab-"));
  private readonly children: ChildProcess[] = [];
  private readonly closers: (() => void)[] = [];
  private immich?: ChildProcess;
  private immichPort = 0;
  private postgres?: Postgres;
  private client?: Client;
  private provider: Json = {};
  private application: Json = {};
  private row: unknown;
  private settings: CheckInput["settings"] = {};
  private changedAt = "";

  /** Starts everything and sets single sign-on up. */
  async start(): Promise<void> {
    const [postgres, authentik] = await Promise.all([
      startPostgres({ folder: join(this.folder, "postgres") }),
      this.spawn("sandbox/authentik/main.ts", {
        token: TOKEN,
        controlToken: CONTROL,
        groups: ["immich-users", "nobody-in-it"],
        users: [
          { ...ALICE, email: "alice@example.test", groups: ["immich-users"] },
          { ...CAROL, email: "carol@example.test", groups: ["immich-users"] },
          { ...BOB, email: "bob@example.test" },
        ],
      }),
    ]);
    this.postgres = postgres;
    this.authentikUrl = `http://127.0.0.1:${authentik.port}`;
    this.publicUrl = await this.startProxy(authentik.port);
    this.immichPort = await freePort();
    this.immichUrl = `http://127.0.0.1:${this.immichPort}`;
    await this.startImmich();
    this.client = new Client({ connectionString: postgres.url });
    await this.client.connect();
    await this.deploy();
  }

  async stop(): Promise<void> {
    await this.client?.end();
    for (const close of this.closers) close();
    await Promise.all(this.children.map(ended));
    await this.postgres?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Everything as it was after `start`. */
  async mend(): Promise<void> {
    for (const key of Object.keys(this.proxy)) delete this.proxy[key as keyof ProxyFaults];
    await this.faults(null);
    const application = await this.applicationRow();
    if (application?.["slug"] !== "immich") {
      await this.api("PATCH", `core/applications/${String(application?.["slug"])}/`, {
        slug: "immich",
      });
    }
    await this.patchProvider(this.provider);
    await this.setRow(this.row);
  }

  /** The checks' input for this homelab, as `npm run doctor` makes it. */
  input(): CheckInput {
    return {
      authentikUrl: this.authentikUrl,
      authentikToken: TOKEN,
      authentikPublicUrl: this.publicUrl,
      applicationSlug: "immich",
      issuerUrl: this.issuerUrl,
      clientId: "immich-oauth-client",
      clientSecret: CLIENT_SECRET,
      scopes: ["openid", "email", "profile"],
      redirectUris: this.redirectUris,
      immichUrl: this.immichUrl,
      accessGroups: ["immich-users"],
      settings: this.settings,
      settingsChangedAt: this.changedAt,
      stack: "sandbox",
      readSettings: () => this.readSettings(),
      containerStartedAt: () => Promise.resolve(this.immichStartedAt),
    };
  }

  get issuerUrl(): string {
    return `${this.publicUrl}/application/o/immich/`;
  }

  get redirectUris(): string[] {
    return [
      `${this.immichUrl}/auth/login`,
      `${this.immichUrl}/user-settings`,
      "app.immich:///oauth-callback",
      "https://other.example.org/auth/login",
    ];
  }

  private async readSettings(): Promise<CheckInput["settings"]> {
    if (this.client === undefined) throw new Error("the lab is not started");
    return read(this.client, {
      store: "system_metadata",
      keys: [...settingsLookedAt, ...Object.keys(this.settings)],
    });
  }

  /** Asks Authentik's API; the JSON it answers. */
  async api(method: string, path: string, body?: unknown, token = TOKEN): Promise<Json> {
    const response = await fetch(`${this.authentikUrl}/api/v3/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? {} : (JSON.parse(text) as Json);
  }

  /** The first object of a list. */
  async first(path: string): Promise<Json> {
    const [found] = (await this.api("GET", path))["results"] as Json[];
    if (found === undefined) throw new Error(`${path}: nothing`);
    return found;
  }

  async patchProvider(change: Json): Promise<void> {
    await this.api("PATCH", `providers/oauth2/${String(this.provider["pk"])}/`, change);
  }

  async patchApplication(change: Json): Promise<void> {
    await this.api("PATCH", "core/applications/immich/", change);
  }

  private async applicationRow(): Promise<Json | undefined> {
    const list = (await this.api("GET", "core/applications/"))["results"] as Json[];
    return list.find((one) => one["pk"] === this.application["pk"]);
  }

  /** Faults of the sandbox's Authentik; null: none. */
  async faults(faults: Json | null): Promise<void> {
    const response = await fetch(`${this.authentikUrl}/sandbox/faults`, {
      method: faults === null ? "DELETE" : "POST",
      headers: { authorization: `Bearer ${CONTROL}` },
      body: faults === null ? undefined : JSON.stringify(faults),
    });
    if (!response.ok) throw new Error(`faults: ${response.status}`);
  }

  /** Changes leaves of Immich's settings as somebody would by SQL: "oauth.clientId". */
  async changeRow(change: Readonly<Record<string, string | boolean | number>>): Promise<void> {
    const row = structuredClone(this.row) as Record<string, Record<string, unknown>>;
    for (const [key, value] of Object.entries(change)) {
      const [group = "", name = ""] = key.split(".");
      row[group] = { ...row[group], [name]: value };
    }
    await this.setRow(row);
  }

  private async setRow(row: unknown): Promise<void> {
    await this.client?.query("UPDATE system_metadata SET value = $1 WHERE key = 'system-config'", [
      JSON.stringify(row),
    ]);
  }

  /** Starts Immich, or starts it anew, perhaps as another version or from a file. */
  async startImmich(options: { version?: string; config?: unknown } = {}): Promise<void> {
    await this.stopImmich();
    const configFile = join(this.folder, "immich.json");
    if (options.config !== undefined) writeFileSync(configFile, JSON.stringify(options.config));
    const { child } = await this.spawn("sandbox/immich/main.ts", {
      port: this.immichPort,
      databaseUrl: this.postgres?.url,
      logFile: join(this.folder, "immich.log"),
      ...(options.version === undefined ? {} : { version: options.version }),
      ...(options.config === undefined ? {} : { configFile }),
    });
    this.immich = child;
    this.immichStartedAt = new Date();
  }

  async stopImmich(): Promise<void> {
    if (this.immich !== undefined) await ended(this.immich);
    this.immich = undefined;
  }

  /** The row as it stands in the database. */
  storedRow(): unknown {
    return this.row;
  }

  private async deploy(): Promise<void> {
    const [authorization, invalidation, mappings, certificate, group] = await Promise.all([
      this.first("flows/instances/?slug=default-provider-authorization-explicit-consent"),
      this.first("flows/instances/?slug=default-provider-invalidation-flow"),
      this.api("GET", "propertymappings/provider/scope/"),
      this.first("crypto/certificatekeypairs/?name=authentik+Self-signed+Certificate"),
      this.first("core/groups/?name=immich-users"),
    ]);
    this.provider = await this.api("POST", "providers/oauth2/", {
      name: "immich-oauth-provider",
      authorization_flow: authorization["pk"],
      invalidation_flow: invalidation["pk"],
      client_id: "immich-oauth-client",
      client_secret: CLIENT_SECRET,
      signing_key: certificate["pk"],
      property_mappings: (mappings["results"] as Json[]).map((one) => one["pk"]),
      redirect_uris: this.redirectUris.map(redirectUri),
    });
    this.application = await this.api("POST", "core/applications/", {
      name: "Immich",
      slug: "immich",
      provider: this.provider["pk"],
    });
    await this.api("POST", "policies/bindings/", {
      target: this.application["pk"],
      group: group["pk"],
      order: 0,
    });
    this.settings = {
      "oauth.enabled": true,
      "oauth.issuerUrl": this.issuerUrl,
      "oauth.clientId": "immich-oauth-client",
      "oauth.clientSecret": CLIENT_SECRET,
      "oauth.scope": "openid email profile",
      "oauth.buttonText": "Login with Authentik",
      "oauth.autoRegister": true,
    };
    if (this.client === undefined) throw new Error("the lab is not started");
    await apply(this.client, {
      store: "system_metadata",
      settings: this.settings as Record<string, string | boolean>,
    });
    const stored = await this.client.query<{ value: unknown; now: Date }>(
      "SELECT value, now() AS now FROM system_metadata WHERE key = 'system-config'",
    );
    this.row = stored.rows[0]?.value;
    this.changedAt = (stored.rows[0]?.now ?? new Date()).toISOString();
    this.immichStartedAt = new Date();
  }

  /** A process of the sandbox; its port, once it answers. */
  private async spawn(
    file: string,
    options: unknown,
  ): Promise<{ child: ChildProcess; port: number }> {
    const child = spawn(
      process.execPath,
      ["-r", join(ROOT, "register.js"), join(ROOT, file), JSON.stringify(options)],
      { cwd: ROOT, stdio: ["pipe", "pipe", "pipe"] },
    );
    this.children.push(child);
    let said = "";
    child.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const line = await new Promise<string>((resolve, reject) => {
      child.stdout?.once("data", (chunk: Buffer) => resolve(chunk.toString()));
      child.once("close", () => reject(new Error(`${file} ended: ${said.slice(-800)}`)));
    });
    return { child, port: (JSON.parse(line) as { port: number }).port };
  }

  /** Passes the Host header on, as a good proxy does. */
  private async startProxy(port: number): Promise<string> {
    const server = http.createServer((request, response) => {
      if (this.proxy.down) return void response.writeHead(502).end("Bad Gateway");
      if (this.proxy.refuse?.(request)) return void response.writeHead(403).end("Forbidden");
      const { method, url, headers } = request;
      const onward = http.request({ port, host: "127.0.0.1", method, path: url, headers });
      onward.on("response", (answer) => {
        const date = new Date(Date.now() - (this.proxy.behind ?? 0) * 1000).toUTCString();
        response.writeHead(answer.statusCode ?? 500, { ...answer.headers, date });
        answer.pipe(response);
      });
      onward.on("error", () => response.writeHead(502).end("Bad Gateway"));
      request.pipe(onward);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.closers.push(() => {
      server.close();
      server.closeAllConnections();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
}

/** A redirect URI as Authentik keeps it. */
export function redirectUri(url: string): Json {
  return { matching_mode: "strict", url, redirect_uri_type: "authorization" };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const over = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGTERM");
  await over;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

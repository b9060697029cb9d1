// The whole sandbox with a finished single sign-on in it, made by Authentik's API and immich/settings.ts
// so that it stands in seconds, and reverse proxies in front of Authentik as homes have them.
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { Client } from "pg";

import { hostCallbacks } from "../../checks/host";
import type { CheckInput } from "../../checks/types";
import { apply } from "../../immich/settings";
import { storeOf } from "../../immich/version";
import { type Sandbox, startSandbox } from "../../sandbox/client";
import { closeShared } from "../../ssh/shared";

export const CLIENT_SECRET = "canary-client-secret-0123456789abcdef";

/** Somebody who can log in at Authentik. */
export interface Person {
  readonly username: string;
  readonly password: string;
}

/** A JSON object of Authentik's API. */
export type Json = Record<string, unknown>;

/** What a proxy in front of Authentik or Immich does to requests. */
export interface ProxyFaults {
  /** Answers 502, as for a backend that is down. */
  down?: boolean;
  /** Answers 403 to some. */
  refuse?: (request: http.IncomingMessage) => boolean;
  /** Seconds that the clock behind it seems to be behind. */
  behind?: number;
  /** Sends whoever has no session of the proxy's own to its login page. */
  loginInFront?: boolean;
  /** Answers 404 at these paths, as an Immich that has them no more. */
  without?: readonly string[];
}

export class Lab {
  /** In front of Authentik for browsers and Immich. */
  readonly proxy: ProxyFaults = {};
  /** In front of Authentik for the API. */
  readonly apiProxy: ProxyFaults = {};
  /** In front of Immich for browsers and the phone app. */
  readonly immichProxy: ProxyFaults = {};
  /** In front of Immich for this project's own requests. */
  readonly immichApiProxy: ProxyFaults = {};
  /** In the group that may log in. */
  alice: Person = { username: "", password: "" };
  /** In no group. */
  bob: Person = { username: "", password: "" };
  /** In the group, and never let in by a test: new to Immich every time. */
  readonly carol: Person = { username: "carol", password: "canary-carol-password" };
  apiUrl = "";
  publicUrl = "";
  /** Immich as browsers and the phone app reach it. */
  immichUrl = "";
  immichApiUrl = "";
  private sandbox?: Sandbox;
  private readonly closers: (() => void)[] = [];
  private provider: Json = {};
  private application: Json = {};
  private row: unknown;
  private settings: Record<string, string | boolean> = {};
  private changedAt = "";
  private stoppedSomething = false;

  /** @param version of Immich; its settings are in the store of that version. */
  constructor(private readonly version = "1.135.3") {}

  /** Starts everything and sets single sign-on up. */
  async start(): Promise<void> {
    this.sandbox = await startSandbox({
      portBase: 0,
      authentikToken: "canary-authentik-token",
      immichVersion: this.version,
    });
    const [alice, bob] = this.parts.users;
    if (alice === undefined || bob === undefined) throw new Error("the sandbox has no users");
    [this.alice, this.bob] = [alice, bob];
    const port = Number(new URL(this.parts.authentik.url).port);
    this.publicUrl = await this.startProxy(port, this.proxy);
    this.apiUrl = await this.startProxy(port, this.apiProxy);
    const immichPort = Number(new URL(this.parts.immich.url).port);
    this.immichUrl = await this.startProxy(immichPort, this.immichProxy);
    this.immichApiUrl = await this.startProxy(immichPort, this.immichApiProxy);
    await this.deploy();
  }

  async stop(): Promise<void> {
    await closeShared();
    for (const close of this.closers) close();
    await this.sandbox?.stop();
  }

  private get parts(): Sandbox {
    if (this.sandbox === undefined) throw new Error("the lab is not started");
    return this.sandbox;
  }

  /** What the sandbox told of itself. */
  description(): Pick<Sandbox, "authentik" | "environment" | "arguments"> {
    return this.parts;
  }

  /** Uses a control of the sandbox. */
  control<T = unknown>(path: string, body?: object): Promise<T> {
    return this.parts.control<T>(path, body);
  }

  /** The same, for what `mend` must start again. */
  async turnOff(path: string, body?: object): Promise<void> {
    this.stoppedSomething = true;
    await this.control(path, body);
  }

  /** Everything as it was after `start`. */
  async mend(): Promise<void> {
    const { proxy, apiProxy, immichProxy, immichApiProxy } = this;
    for (const faults of [proxy, apiProxy, immichProxy, immichApiProxy]) {
      for (const key of Object.keys(faults)) delete faults[key as keyof ProxyFaults];
    }
    await this.control("authentik/faults", { method: "DELETE" });
    await this.control("docker/policies", { disguises: {} });
    const slug = String((await this.applicationRow())?.["slug"]);
    if (slug !== "immich")
      await this.api("PATCH", `core/applications/${slug}/`, { slug: "immich" });
    await this.patchProvider(this.provider);
    await this.setRow(this.row);
    if (!this.stoppedSomething) return;
    this.stoppedSomething = false;
    await this.control("ssh/stop");
    await this.control("ssh/start");
    await this.control("immich/configure", { version: this.version, configFile: null });
  }

  /**
   * The checks' input for this homelab, as `npm run doctor` makes it.
   * @param login at Postgres. Default: the superuser.
   */
  input(login: { readonly user?: string; readonly password?: string } = {}): CheckInput {
    const { authentik, ssh, compose, postgres } = this.parts;
    return {
      authentikUrl: this.apiUrl,
      authentikToken: authentik.token,
      authentikPublicUrl: this.publicUrl,
      applicationSlug: "immich",
      issuerUrl: this.issuerUrl,
      clientId: "immich-oauth-client",
      clientSecret: CLIENT_SECRET,
      scopes: ["openid", "email", "profile"],
      redirectUris: this.redirectUris,
      immichUrl: this.immichUrl,
      immichApiUrl: this.immichApiUrl,
      accessGroups: ["immich-users"],
      settings: this.settings,
      settingsChangedAt: this.changedAt,
      stack: "sandbox",
      ...hostCallbacks(
        {
          ssh,
          runtime: "docker",
          compose,
          postgres: { ...postgres, ...login, store: storeOf(this.version) },
          immichApiUrl: this.immichApiUrl,
        },
        this.settings,
      ),
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

  /** Asks Authentik's API; the JSON it answers. */
  async api(method: string, path: string, body?: unknown): Promise<Json> {
    const { url, token } = this.parts.authentik;
    const response = await fetch(`${url}/api/v3/${path}`, {
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

  /** The scope `email` stays, and tells no e-mail address any more. */
  async muteEmail(): Promise<void> {
    const list = (await this.api("GET", "propertymappings/provider/scope/"))["results"] as Json[];
    const mute =
      list.find((one) => one["name"] === "tells no e-mail address") ??
      (await this.api("POST", "propertymappings/provider/scope/", {
        name: "tells no e-mail address",
        scope_name: "email",
        expression: "return {}",
      }));
    const others = list.filter((one) => one["scope_name"] !== "email");
    await this.patchProvider({ property_mappings: [...others, mute].map((one) => one["pk"]) });
  }

  async patchApplication(change: Json): Promise<void> {
    await this.api("PATCH", "core/applications/immich/", change);
  }

  private async applicationRow(): Promise<Json | undefined> {
    const list = (await this.api("GET", "core/applications/"))["results"] as Json[];
    return list.find((one) => one["pk"] === this.application["pk"]);
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
    await this.parts.sql("UPDATE system_metadata SET value = $1 WHERE key = 'system-config'", [
      JSON.stringify(row),
    ]);
  }

  /** Asks Immich's database, as its superuser. */
  async sql(text: string): Promise<void> {
    await this.parts.sql(text);
  }

  /** The row as it was deployed. */
  storedRow(): unknown {
    return this.row;
  }

  /** The database's clock. */
  async now(): Promise<string> {
    const [row] = await this.parts.sql<{ now: string }>("SELECT now() AS now");
    return new Date(row?.now ?? 0).toISOString();
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
    const target = this.application["pk"];
    await this.api("POST", "policies/bindings/", { target, group: group["pk"], order: 0 });
    await this.api("POST", "core/groups/", { name: "nobody-in-it" });
    const { username, password } = this.carol;
    const carol = await this.api("POST", "core/users/", {
      username,
      name: "Carol",
      email: "carol@example.test",
      groups: [group["pk"]],
    });
    await this.api("POST", `core/users/${String(carol["pk"])}/set_password/`, { password });
    await this.writeSettings();
    await this.control("immich/restart");
  }

  private async writeSettings(): Promise<void> {
    this.settings = {
      "oauth.enabled": true,
      "oauth.issuerUrl": this.issuerUrl,
      "oauth.clientId": "immich-oauth-client",
      "oauth.clientSecret": CLIENT_SECRET,
      "oauth.scope": "openid email profile",
      "oauth.buttonText": "Login with Authentik",
      "oauth.autoRegister": true,
    };
    const { host, port, database, user, password } = this.parts.postgres;
    const client = new Client({ host, port, database, user, password });
    await client.connect();
    await apply(client, {
      store: storeOf(this.version),
      settings: this.settings,
      version: this.version,
    });
    await client.end();
    this.changedAt = await this.now();
    if (storeOf(this.version) === "system_config") return;
    const [stored] = await this.parts.sql<{ value: unknown }>(
      "SELECT value FROM system_metadata WHERE key = 'system-config'",
    );
    this.row = stored?.value;
  }

  /** Passes the Host header on, as a good proxy does. */
  private async startProxy(port: number, faults: ProxyFaults): Promise<string> {
    const server = http.createServer((request, response) => {
      if (faults.down) return void response.writeHead(502).end("Bad Gateway");
      if (faults.refuse?.(request)) return void response.writeHead(403).end("Forbidden");
      if (faults.without?.includes(request.url ?? "")) {
        return void response.writeHead(404, { "content-type": "application/json" }).end("{}");
      }
      if (faults.loginInFront) return loginInFront(request, response);
      const { method, url, headers } = request;
      const onward = http.request({ port, host: "127.0.0.1", method, path: url, headers });
      onward.on("response", (answer) => {
        const date = new Date(Date.now() - (faults.behind ?? 0) * 1000).toUTCString();
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

/** The login page of a proxy, in front of everything. */
function loginInFront({ url }: http.IncomingMessage, response: http.ServerResponse): void {
  if (url?.startsWith("/proxy-login")) {
    response.writeHead(200, { "content-type": "text/html" }).end("<h1>Sign in to continue</h1>");
  } else response.writeHead(302, { location: "/proxy-login?rd=%2F" }).end();
}

/** A redirect URI as Authentik keeps it. */
export function redirectUri(url: string): Json {
  return { matching_mode: "strict", url, redirect_uri_type: "authorization" };
}

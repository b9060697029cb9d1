// An Authentik and an Immich in a few lines each, answering as the recorded ones do: for what the
// embedded homelab can't be made to do quickly. The real breaking happens in breaking.test.ts.
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import type { CheckInput, Settings } from "../../checks/types";

/** What can be changed about the fakes, as a table of plain values. */
export interface World {
  token: string;
  tokenRights: boolean;
  clientId: string;
  secret: string;
  redirectUris: string[];
  logout: { uri: string; method: string };
  algorithm: string;
  scopes: string[];
  claims: string[];
  encryptionKey: string | null;
  /** Replaces the issuer in the document. */
  issuer?: string;
  members: { username: string; email: string; uid?: string; is_active: boolean }[];
  bound: boolean;
  authentikVersion: string;
  /** 400 pages without Authentik's words. */
  mutePages: boolean;
  version: string;
  features: { oauth: boolean; passwordLogin: boolean; configFile: boolean };
  /** Only with 3.2 and newer. */
  publicConfig: boolean;
  settings: Record<string, string | number | boolean | null>;
  /** Immich's answer to authorize, instead of a URL. */
  authorizeError?: { status: number; message: string };
  /** What /.well-known/immich answers. */
  wellKnown: unknown;
  /** Overrides by path: a function answers instead. */
  override: Record<string, (response: http.ServerResponse) => void>;
  /** Seconds that Immich's clock is ahead. */
  ahead: number;
}

export interface Homelab {
  readonly world: World;
  readonly input: CheckInput;
  readonly requests: string[];
  stop(): Promise<void>;
}

export const TOKEN = "canary-token-4f1d6b";
export const SECRET = "canary-secret-9c27e0";

export async function fakeHomelab(): Promise<Homelab> {
  const requests: string[] = [];
  const world = {} as World;
  const authentik = await listen((request, response, body) => {
    requests.push(`authentik ${request.method} ${request.url}`);
    answerAuthentik(world, authentik.url, request, response, body);
  });
  const immich = await listen((request, response, body) => {
    requests.push(`immich ${request.method} ${request.url}`);
    answerImmich(world, authentik.url, request, response, body);
  });
  const issuer = `${authentik.url}/application/o/immich/`;
  Object.assign(world, {
    token: TOKEN,
    tokenRights: true,
    clientId: "immich-oauth-client",
    secret: SECRET,
    redirectUris: [`${immich.url}/auth/login`],
    logout: { uri: "", method: "backchannel" },
    algorithm: "RS256",
    scopes: ["openid", "email", "profile"],
    claims: ["sub", "email", "name"],
    encryptionKey: null,
    members: [{ username: "alice", email: "alice@example.org", is_active: true }],
    bound: true,
    authentikVersion: "2026.5.0-rc1",
    mutePages: false,
    version: "1.135.3",
    features: { oauth: true, passwordLogin: true, configFile: false },
    publicConfig: false,
    settings: {
      "oauth.enabled": true,
      "oauth.issuerUrl": issuer,
      "oauth.clientId": "immich-oauth-client",
      "oauth.clientSecret": SECRET,
      "oauth.scope": "openid email profile",
      "oauth.autoRegister": true,
    },
    wellKnown: { api: { endpoint: "/api" } },
    override: {},
    ahead: 0,
  } satisfies World);
  const settings: Settings = { ...world.settings };
  return {
    world,
    requests,
    input: {
      authentikUrl: authentik.url,
      authentikToken: TOKEN,
      authentikPublicUrl: authentik.url,
      applicationSlug: "immich",
      issuerUrl: issuer,
      clientId: "immich-oauth-client",
      clientSecret: SECRET,
      scopes: ["openid", "email", "profile"],
      redirectUris: [`${immich.url}/auth/login`],
      immichUrl: immich.url,
      accessGroups: ["immich-users"],
      settings,
      settingsChangedAt: "2026-11-23T12:00:00.000Z",
      stack: "test",
      reachHost: () => Promise.resolve(),
      readSettings: () => Promise.resolve({ ...world.settings }),
      containerStartedAt: () => Promise.resolve(new Date("2026-11-23T12:00:05Z")),
    },
    stop: async () => {
      await Promise.all([authentik.stop(), immich.stop()]);
    },
  };
}

type Handler = (request: http.IncomingMessage, response: http.ServerResponse, body: string) => void;

/** A server on a free loopback port. */
export async function listen(
  handler: Handler,
): Promise<{ url: string; stop: () => Promise<void> }> {
  const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => handler(request, response, body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function json(response: http.ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function html(response: http.ServerResponse, status: number, body: string): void {
  response.writeHead(status, { "content-type": "text/html; charset=utf-8" }).end(body);
}

function answerAuthentik(
  world: World,
  base: string,
  request: http.IncomingMessage,
  response: http.ServerResponse,
  body: string,
): void {
  const url = new URL(request.url ?? "/", base);
  const override = world.override[url.pathname];
  if (override !== undefined) return override(response);
  if (url.pathname === "/api/v3/root/config/") return json(response, 200, { capabilities: [] });
  if (url.pathname.startsWith("/api/")) {
    if (request.headers.authorization !== `Bearer ${world.token}`) {
      return json(response, 403, { detail: "Token invalid/expired" });
    }
    return answerApi(world, url, response);
  }
  const issuer = `${base}/application/o/immich/`;
  if (url.pathname === "/application/o/immich/.well-known/openid-configuration") {
    return json(response, 200, {
      issuer: world.issuer ?? issuer,
      authorization_endpoint: `${base}/application/o/authorize/`,
      token_endpoint: `${base}/application/o/token/`,
      id_token_signing_alg_values_supported: [world.algorithm],
      scopes_supported: world.scopes,
      claims_supported: world.claims,
    });
  }
  if (url.pathname === "/application/o/authorize/") {
    const redirect = url.searchParams.get("redirect_uri") ?? "";
    if (url.searchParams.get("client_id") !== world.clientId) {
      return html(response, 400, world.mutePages ? "no" : "<title>Client ID Error</title>");
    }
    if (!world.redirectUris.includes(redirect)) {
      return html(response, 400, world.mutePages ? "no" : "<title>Redirect URI Error</title>");
    }
    response.writeHead(302, { location: `/if/flow/default-authentication-flow/${url.search}` });
    return void response.end();
  }
  if (url.pathname === "/application/o/token/") {
    const form = new URLSearchParams(body);
    const right =
      form.get("client_id") === world.clientId &&
      form.get("client_secret") === world.secret &&
      world.redirectUris.includes(form.get("redirect_uri") ?? "");
    return json(response, 400, { error: right ? "invalid_grant" : "invalid_client" });
  }
  return html(response, 404, "not found");
}

function answerApi(world: World, url: URL, response: http.ServerResponse): void {
  const list = (results: unknown[]) => json(response, 200, { pagination: {}, results });
  switch (url.pathname) {
    case "/api/v3/core/users/me/":
      return json(response, 200, { user: { username: "akadmin" } });
    case "/api/v3/providers/oauth2/":
      if (!world.tokenRights) {
        return json(response, 403, {
          detail: "You do not have permission to perform this action.",
        });
      }
      return list(
        url.searchParams.get("client_id") === world.clientId
          ? [
              {
                client_id: world.clientId,
                name: "p",
                encryption_key: world.encryptionKey,
                logout_uri: world.logout.uri,
                logout_method: world.logout.method,
                redirect_uris: world.redirectUris.map((uri) => ({
                  matching_mode: "strict",
                  url: uri,
                })),
              },
            ]
          : [],
      );
    case "/api/v3/admin/version/":
      return json(response, 200, { version_current: world.authentikVersion });
    case "/api/v3/core/users/": {
      const part = url.searchParams.get("search") ?? "";
      const groups_obj = [{ name: "immich-users", parents: [] }];
      const found = world.members.filter(({ email }) => email.toLowerCase().includes(part));
      return list(found.map((member) => ({ ...member, groups_obj })));
    }
    case "/api/v3/core/groups/":
      return list(
        url.searchParams.get("name") === "immich-users"
          ? [{ pk: "g", name: "immich-users", users_obj: world.members, children: [] }]
          : [],
      );
    case "/api/v3/core/applications/immich/":
      return json(response, 200, { pk: "a", slug: "immich" });
    case "/api/v3/policies/bindings/":
      return list(world.bound ? [{ group: "g", target: "a", enabled: true }] : []);
    default:
      return json(response, 404, { detail: "Not found." });
  }
}

function answerImmich(
  world: World,
  authentik: string,
  request: http.IncomingMessage,
  response: http.ServerResponse,
  body: string,
): void {
  const path = new URL(request.url ?? "/", "http://immich").pathname;
  if (world.ahead !== 0) {
    response.setHeader("date", new Date(Date.now() + world.ahead * 1000).toUTCString());
  }
  const override = world.override[path];
  if (override !== undefined) return override(response);
  const old = Number(world.version.split(".")[1]) < 107 && world.version.startsWith("1.");
  const [major, minor, patch] = world.version.split(".").map(Number);
  const server = old ? "/api/server-info" : "/api/server";
  switch (path) {
    case "/auth/login":
      return html(response, 200, "<title>Login - Immich</title>");
    case "/.well-known/immich":
      return json(response, 200, world.wellKnown);
    case `${server}/ping`:
      return json(response, 200, { res: "pong" });
    case `${server}/version`:
      return json(response, 200, { major, minor, patch });
    case `${server}/features`:
      return json(response, 200, world.features);
    case "/api/public/config":
      if (!world.publicConfig) break;
      return json(response, 200, {
        oauth: { enabled: world.features.oauth },
        passwordLogin: { enabled: world.features.passwordLogin },
      });
    case "/api/oauth/backchannel-logout":
      if (Number(major) < 3) break;
      return json(response, 400, { message: "Validation failed" });
    case "/api/oauth/authorize": {
      const error = world.authorizeError;
      if (error !== undefined) return json(response, error.status, { message: error.message });
      if (!world.features.oauth) return json(response, 400, { message: "OAuth is not enabled" });
      const issuer = new URL(String(world.settings["oauth.issuerUrl"]));
      const to = new URL("/application/o/authorize/", issuer.origin || authentik);
      to.search = new URLSearchParams({
        redirect_uri: (JSON.parse(body) as { redirectUri: string }).redirectUri,
        scope: String(world.settings["oauth.scope"]),
        client_id: String(world.settings["oauth.clientId"]),
        response_type: "code",
      }).toString();
      return json(response, 201, { url: to.toString() });
    }
  }
  return json(response, 404, { message: `Cannot GET ${path}`, statusCode: 404 });
}

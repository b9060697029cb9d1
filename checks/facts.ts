// What the checks ask the outside world, each question once a run however many checks use the answer.
import { randomBytes } from "node:crypto";
import { SettingsError } from "../immich/errors";
import { parseVersion } from "../immich/version";
import { AdvisedError } from "../ssh/errors";
import { field, isComingUp, request, type Reply, type RequestOptions } from "./http";
import { discoveryUrl } from "./catalogue/entry";
import type { CheckInput, Settings } from "./types";

/** The settings as they are in Immich's database, or why they can't be had. */
export type Row =
  | { readonly kind: "settings"; readonly settings: Settings }
  | { readonly kind: "not-given" }
  | {
      readonly kind: "failed";
      readonly message: string;
      /** What the error itself says to do. */
      readonly next?: string;
      /** What is stored is at fault. */
      readonly bad: boolean;
    };

/** The questions. Every one is asked when first needed, and answers the same ever after. */
export interface Facts {
  readonly input: CheckInput;
  /** GET on Authentik's API, e.g. "core/users/me/", with the token unless told otherwise. */
  authentik(path: string, options?: { token: boolean }): Promise<Reply>;
  /** The providers that have the client ID, by Authentik's API: for a token without rights, a 403. */
  providers(): Promise<Reply>;
  /** Authentik's version, e.g. "2026.5.0"; undefined when it does not say. */
  authentikVersion(): Promise<string | undefined>;
  discovery(): Promise<Reply>;
  /**
   * The authorize page, as a browser that is not logged in would open it. Never to be asked with a
   * redirect URI while the provider may have none (redirect-uri-list); without one it is always safe.
   */
  authorize(redirectUri: string | undefined): Promise<Reply>;
  /** The token endpoint, with the deployed secret and a code that can't exist. */
  token(redirectUri: string): Promise<Reply>;
  /** GET on Immich's API; `since` and `before` are the paths of newer and older versions. */
  immich(path: ImmichPath): Promise<Reply>;
  /** GET on Immich's public address, as a browser opens a page and as the phone app asks for JSON. */
  immichPublic(path: string, as: "browser" | "app", origin?: string): Promise<Reply>;
  /** Where Immich would send somebody who clicks the button, having come from redirectUri. */
  immichAuthorize(redirectUri: string): Promise<Reply>;
  /** An empty POST to Immich's back-channel logout at its public address: it ends no session. */
  immichLogout(uri: string): Promise<Reply>;
  /** Immich's version, e.g. "1.135.3"; undefined when it does not say. */
  immichVersion(): Promise<string | undefined>;
  row(): Promise<Row>;
}

export type ImmichPath = "ping" | "version" | "features" | "public-config";

/** /api/server-info/… until 1.106, /api/server/… since; /api/public/config since 3.2. */
const immichPaths: Record<ImmichPath, readonly string[]> = {
  ping: ["/api/server/ping", "/api/server-info/ping"],
  version: ["/api/server/version", "/api/server-info/version"],
  features: ["/api/server/features", "/api/server-info/features"],
  "public-config": ["/api/public/config"],
};

export interface Patience {
  /** The moment (Date.now()) until which "coming up" is waited out. */
  readonly waitUntil: number;
  readonly requestMs: number;
  /** Milliseconds between two tries. */
  readonly pauseMs: number;
}

export function factsFor(input: CheckInput, patience: Patience): Facts {
  const known = new Map<string, Promise<unknown>>();
  const once = <T>(key: string, ask: () => Promise<T>): Promise<T> => {
    const before = known.get(key) as Promise<T> | undefined;
    if (before !== undefined) return before;
    const now = ask();
    known.set(key, now);
    return now;
  };
  const ask = (url: string, options: RequestOptions = {}) => patiently(url, options, patience);
  // Immich's public address may be the one that the checks use.
  const get = (url: string, how: (url: string) => Promise<Reply>) =>
    once(`immich GET ${url}`, () => how(url));
  const publicOrigin = origin(input.issuerUrl);
  const immichBase = (input.immichApiUrl ?? input.immichUrl).replace(/\/+$/, "");

  const facts: Facts = {
    input,
    authentik: (path, { token } = { token: true }) =>
      once(`authentik ${path} ${token}`, () =>
        ask(`${input.authentikUrl.replace(/\/+$/, "")}/api/v3/${path}`, {
          headers: token ? { authorization: `Bearer ${input.authentikToken ?? ""}` } : {},
        }),
      ),
    providers: () =>
      facts.authentik(`providers/oauth2/?client_id=${encodeURIComponent(input.clientId)}`),
    authentikVersion: async () => {
      const reply = await facts.authentik("admin/version/");
      const version = reply.kind === "answer" ? field(reply.json, "version_current") : undefined;
      return typeof version === "string" && parseVersion(version) ? version : undefined;
    },
    discovery: () => once("discovery", () => ask(discoveryUrl(input))),
    authorize: (redirectUri) =>
      once(`authorize ${redirectUri}`, async () => {
        const query = new URLSearchParams({
          client_id: input.clientId,
          ...(redirectUri === undefined ? {} : { redirect_uri: redirectUri }),
          response_type: "code",
          scope: input.scopes.join(" "),
          state: randomBytes(12).toString("base64url"),
          // As Immich sends it since 1.133; Authentik takes no notice before the login.
          code_challenge: randomBytes(32).toString("base64url"),
          code_challenge_method: "S256",
        });
        const path = await endpoint("authorization_endpoint", "/application/o/authorize/");
        return ask(`${publicOrigin}${path}?${query}`);
      }),
    token: (redirectUri) =>
      once(`token ${redirectUri}`, async () => {
        const basic = authMethod(await facts.row(), input) === "client_secret_basic";
        const secret = input.clientSecret ?? "";
        const form = new URLSearchParams({
          grant_type: "authorization_code",
          code: `login-check-${randomBytes(8).toString("hex")}`,
          redirect_uri: redirectUri,
          ...(basic ? {} : { client_id: input.clientId, client_secret: secret }),
        });
        const credentials = `${encodeURIComponent(input.clientId)}:${encodeURIComponent(secret)}`;
        const path = await endpoint("token_endpoint", "/application/o/token/");
        return ask(`${publicOrigin}${path}`, {
          method: "POST",
          headers: {
            "content-type": "application/x-www-form-urlencoded",
            ...(basic
              ? { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` }
              : {}),
          },
          body: form.toString(),
        });
      }),
    immich: (path) =>
      once(`immich ${path}`, async () => {
        let reply: Reply | undefined;
        for (const candidate of immichPaths[path]) {
          reply = await get(`${immichBase}${candidate}`, (url) => ask(url));
          if (reply.kind === "failure" || reply.status !== 404) break;
        }
        return reply as Reply;
      }),
    immichPublic: (path, as, from = input.immichUrl.replace(/\/+$/, "")) =>
      get(`${from}${path}`, (url) =>
        // Perhaps it can't be reached from here at all: only what a proxy answers is waited for.
        patiently(url, asked(as, patience), patience, (reply) => reply.kind === "answer"),
      ),
    immichAuthorize: (redirectUri) =>
      once(`immich authorize ${redirectUri}`, () =>
        ask(`${immichBase}/api/oauth/authorize`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ redirectUri }),
        }),
      ),
    immichLogout: (uri) =>
      once(`immich logout ${uri}`, () =>
        request(uri, { method: "POST", timeoutMs: Math.min(PUBLIC_MS, patience.requestMs) }),
      ),
    immichVersion: () =>
      once("immich version", async () => {
        const reply = await facts.immich("version");
        const parts = ["major", "minor", "patch"].map((part) =>
          reply.kind === "answer" ? field(reply.json, part) : undefined,
        );
        return parts.every((part) => typeof part === "number") ? parts.join(".") : undefined;
      }),
    row: () =>
      once("row", async (): Promise<Row> => {
        if (input.readSettings === undefined) return { kind: "not-given" };
        try {
          return { kind: "settings", settings: await input.readSettings() };
        } catch (error) {
          const bad = error instanceof SettingsError && error.problem === "stored";
          return { kind: "failed", ...saying(error), bad };
        }
      }),
  };

  // Authentik's own path at the address that browsers use: behind a proxy that hides the public name,
  // the addresses in the document are wrong too, and that is for "issuer-equal" to say.
  async function endpoint(name: string, usual: string): Promise<string> {
    const document = await facts.discovery();
    const value = document.kind === "answer" ? field(document.json, name) : undefined;
    try {
      return typeof value === "string" ? new URL(value).pathname : usual;
    } catch {
      return usual;
    }
  }
  return facts;
}

function authMethod(row: Row, input: CheckInput): unknown {
  const settings = { ...input.settings, ...(row.kind === "settings" ? row.settings : {}) };
  return settings["oauth.tokenEndpointAuthMethod"];
}

/** Where packets to the public address are dropped, a run does not wait for long. */
const PUBLIC_MS = 5_000;

function asked(as: "browser" | "app", { requestMs }: Patience): RequestOptions {
  const accept = as === "browser" ? "text/html,application/xhtml+xml" : "application/json";
  return { headers: { accept }, timeoutMs: Math.min(PUBLIC_MS, requestMs) };
}

async function patiently(
  url: string,
  options: RequestOptions,
  patience: Patience,
  worthWaiting: (reply: Reply) => boolean = () => true,
): Promise<Reply> {
  for (;;) {
    const reply = await request(url, { timeoutMs: patience.requestMs, ...options });
    if (!isComingUp(reply) || !worthWaiting(reply)) return reply;
    if (Date.now() + patience.pauseMs > patience.waitUntil) return reply;
    await new Promise((resolve) => setTimeout(resolve, patience.pauseMs));
  }
}

function origin(url: string): string {
  try {
    return new URL(url).origin;
  } catch {
    return url;
  }
}

/** What happened, and what to do about it where the error says that. */
export function saying(error: unknown): { message: string; next?: string } {
  if (!(error instanceof AdvisedError)) return { message: oneLine(error) };
  const { what, next } = error;
  return { message: oneLine(what), next: next === undefined ? undefined : oneLine(next) };
}

/** An error's message in one line. */
export function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s+/g, " ").trim().slice(0, 600);
}

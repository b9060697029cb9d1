// A full login without a browser: from Immich's button through Authentik's pages back to Immich, with a
// user's name and password. Used by `npm start -- --once`, by `npm run doctor -- --login` and by tests.
import { passFlows, type Browser } from "./flow";
import { describe, field, request, type Reply } from "./http";
import { message } from "./immich";

export interface LoginInput {
  /** Immich's origin as a browser shows it: redirect URIs are made of it. */
  readonly immichUrl: string;
  /** Immich's address as it is reached from here. Default: immichUrl. */
  readonly immichApiUrl?: string;
  /** Name or e-mail address of an Authentik user. */
  readonly username: string;
  /** Their password: sent to Authentik only, never kept or told. */
  readonly password: string;
}

/** How far a login got. */
export type LoginStep = "immich-authorize" | "authentik" | "immich-callback" | "done";

export interface LoginOutcome {
  readonly ok: boolean;
  /** The e-mail address of who Immich says has logged in. */
  readonly user?: string;
  /** Whether Immich made them an administrator. */
  readonly isAdmin?: boolean;
  /** What Immich answered last, word for word, its session token left out. */
  readonly immichAnswered: string;
  /** Where it ended: "done", or where it stopped. */
  readonly step: LoginStep;
  /** Why it stopped there; empty when it went through. */
  readonly reason: string;
}

/** Logs in as that user and answers how it went; never throws. Makes the account, as any login does. */
export async function loginAs(input: LoginInput): Promise<LoginOutcome> {
  const api = (input.immichApiUrl ?? input.immichUrl).replace(/\/+$/, "");
  const redirectUri = `${input.immichUrl.replace(/\/+$/, "")}/auth/login`;
  const browser = cookieJar();

  const start = await browser.post(`${api}/api/oauth/authorize`, { redirectUri });
  const url = start.kind === "answer" ? field(start.json, "url") : undefined;
  if (typeof url !== "string") {
    return stopped("immich-authorize", said(start), "Immich does not send people to Authentik");
  }

  const flow = await passFlows(browser, url, redirectUri, input);
  if (flow.kind === "stopped") return stopped("authentik", said(start), flow.reason);

  const end = await browser.post(`${api}/api/oauth/callback`, { url: flow.url });
  const email = end.kind === "answer" ? field(end.json, "userEmail") : undefined;
  if (end.kind === "failure" || end.status !== 201 || typeof email !== "string") {
    return stopped("immich-callback", said(end), "Immich refused the login");
  }
  return {
    ok: true,
    user: email,
    isAdmin: field(end.json, "isAdmin") === true,
    immichAnswered: said(end),
    step: "done",
    reason: "",
  };
}

function stopped(step: LoginStep, immichAnswered: string, reason: string): LoginOutcome {
  return { ok: false, immichAnswered, step, reason };
}

/** What Immich answered: its own message, or who it says has logged in; never its session token. */
function said(reply: Reply): string {
  if (reply.kind === "failure") return reply.detail;
  if (reply.status < 300) {
    const email = field(reply.json, "userEmail");
    return `HTTP ${reply.status}${typeof email === "string" ? `, logged in as ${email}` : ""}`;
  }
  return `HTTP ${reply.status}: ${field(reply.json, "message") === undefined ? describe(reply) : message(reply.json)}`;
}

/** Requests with the cookies that the servers set, apart for each host and port. */
export function cookieJar(): Browser {
  const jars = new Map<string, Map<string, string>>();
  const send = async (method: "GET" | "POST", url: string, body?: unknown): Promise<Reply> => {
    const host = new URL(url).host;
    const jar = jars.get(host) ?? new Map<string, string>();
    jars.set(host, jar);
    const csrf = jar.get("authentik_csrf");
    const reply = await request(url, {
      method,
      timeoutMs: 20_000,
      headers: {
        accept: "application/json, text/html;q=0.9",
        ...(jar.size > 0
          ? { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; ") }
          : {}),
        ...(csrf === undefined ? {} : { "x-authentik-csrf": csrf, referer: url }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    for (const cookie of reply.kind === "answer" ? reply.cookies : []) {
      const [, name, value] = /^([^=;]+)=([^;]*)/.exec(cookie) ?? [];
      if (name === undefined) continue;
      if (value === "") jar.delete(name);
      else jar.set(name, value ?? "");
    }
    return reply;
  };
  return {
    get: (url) => send("GET", url),
    post: (url, body) => send("POST", url, body),
  };
}

// Immich at the address that people use: as a browser opens it, and as the phone app looks for its server.
import type { Facts } from "./facts";
import { describe, field, isComingUp, type Answer, type Failure, type Reply } from "./http";
import { broken, ok, unknown, type Finding } from "./types";

/** Where a browser begins to log in. */
const LOGIN_PAGE = "/auth/login";

// What a browser refuses as well, whatever authorities it trusts.
const REFUSED_EVERYWHERE = ["CERT_HAS_EXPIRED", "ERR_TLS_CERT_ALTNAME_INVALID"];

// A filter of addresses or countries, or a client certificate that is asked for: others may get in.
const NOT_FOR_US = [400, 403, 451, 495, 496];

/** immich-public: what can't be reached from here is not known, and not broken. */
export async function publicAddress(facts: Facts): Promise<Finding> {
  const page = await facts.immichPublic(LOGIN_PAGE, "browser");
  if (page.kind === "failure") return unreached(page);
  const ping = await pinged(facts);
  if (ping.kind === "failure") return unreached(ping);
  const refused = [page, ping].find(({ status }) => NOT_FOR_US.includes(status));
  if (refused !== undefined) return unknown(`it does not let this machine in: ${at(refused)}`);
  for (const reply of [page, ping]) {
    const finding = inTheWay(reply, facts.input.immichUrl);
    if (finding !== undefined) return finding;
  }
  if (!isPong(ping)) return broken("not-immich", at(ping));
  if (page.status !== 200 || page.contentType !== "text/html") {
    return broken("not-immich", at(page));
  }
  return (await wellKnown(facts)) ?? (await plainHttp(facts)) ?? ok(`${at(page)}, ${at(ping)}`);
}

async function pinged(facts: Facts, origin?: string): Promise<Reply> {
  const reply = await facts.immichPublic("/api/server/ping", "app", origin);
  return reply.kind === "answer" && reply.status === 404
    ? facts.immichPublic("/api/server-info/ping", "app", origin) // before 1.107
    : reply;
}

function isPong(reply: Reply): boolean {
  return reply.kind === "answer" && reply.status === 200 && field(reply.json, "res") === "pong";
}

function unreached(failure: Failure): Finding {
  return REFUSED_EVERYWHERE.includes(failure.code)
    ? broken("bad-certificate", `GET ${failure.url}: ${failure.detail}`)
    : unknown(`it can't be reached from here: ${failure.detail}`);
}

/** What answered in Immich's place. */
function inTheWay(reply: Answer, immichUrl: string): Finding | undefined {
  if (isComingUp(reply)) return broken("bad-gateway", at(reply));
  if (reply.status === 401) return broken("login-in-front", at(reply));
  if (reply.location === undefined || reply.status < 300 || reply.status > 399) return undefined;
  const [from, to] = [new URL(immichUrl), new URL(reply.location, reply.url)];
  const isSamePage = to.pathname === new URL(reply.url).pathname;
  if (isSamePage && to.origin !== from.origin) return broken("other-origin", at(reply));
  return broken("login-in-front", at(reply));
}

/** The phone app asks here where the API is; without an answer it takes /api. */
async function wellKnown(facts: Facts): Promise<Finding | undefined> {
  const reply = await facts.immichPublic("/.well-known/immich", "app");
  const endpoint = reply.kind === "answer" ? field(reply.json, "api", "endpoint") : undefined;
  if (reply.kind === "failure" || reply.status !== 200 || typeof endpoint !== "string") {
    return undefined;
  }
  const api = `${facts.input.immichUrl.replace(/\/+$/, "")}/api`;
  const named = endpoint.startsWith("/") ? new URL(endpoint, reply.url).toString() : endpoint;
  return named.replace(/\/+$/, "") === api
    ? undefined
    : broken("well-known", `GET ${reply.url} names the API "${endpoint}"`);
}

/** Whoever types the name without https:// must end at https, where the redirect URIs are. */
async function plainHttp(facts: Facts): Promise<Finding | undefined> {
  const url = new URL(facts.input.immichUrl);
  if (url.protocol !== "https:" || url.port !== "") return undefined;
  const ping = await pinged(facts, `http://${url.host}`);
  return isPong(ping)
    ? broken("plain-http", `${at(ping)}, and not a redirect to https`)
    : undefined;
}

function at(reply: Reply): string {
  return `GET ${reply.url}: ${describe(reply)}`;
}

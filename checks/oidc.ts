// The checks that look at Authentik as an OpenID provider: the discovery document and what is in it.
import { discoveryUrl, publicUrl } from "./catalogue/entry";
import { atLeast } from "../immich/version";
import type { Facts } from "./facts";
import { describe, field, strings } from "./http";
import { broken, ok, unknown, type Finding } from "./types";

/** issuer-reachable: any answer at the public address but a gateway's "nobody behind me". */
export async function issuerReachable(facts: Facts): Promise<Finding> {
  const reply = await facts.discovery();
  const at = `GET ${reply.url}: ${describe(reply)}`;
  if (reply.kind === "failure") {
    return broken(reply.why === "tls" ? "bad-certificate" : "no-answer", at);
  }
  if ([502, 503, 504].includes(reply.status)) return broken("bad-gateway", at);
  return ok(`${publicUrl(facts.input)} answers`);
}

/** discovery-found: 200 and JSON with an issuer, without a redirect. */
export async function discoveryFound(facts: Facts): Promise<Finding> {
  const reply = await facts.discovery();
  const at = `GET ${reply.url}: ${describe(reply)}`;
  if (reply.kind === "failure") return unknown(at);
  if (reply.status === 404) return broken("not-found", at);
  if (reply.status !== 200 || typeof field(reply.json, "issuer") !== "string") {
    return broken("not-json", at);
  }
  return ok(at);
}

/** From then on forwarded headers count only from proxies on a list (release notes of 2026.8). */
const TRUSTED_PROXIES_SINCE = "2026.8.0";

/** issuer-equal: to the letter, as the OpenID client in Immich compares it. */
export async function issuerEqual(facts: Facts): Promise<Finding> {
  const issuer = await inDocument(facts, "issuer");
  const expected = facts.input.issuerUrl;
  if (issuer === expected) return ok(expected);
  const seen = `${discoveryUrl(facts.input)} names issuer "${String(issuer)}", Immich was given "${expected}"`;
  try {
    const theirs = new URL(String(issuer));
    const ours = new URL(expected);
    if (theirs.hostname === ours.hostname && theirs.protocol !== ours.protocol) {
      const version = await facts.authentikVersion();
      const byList = version !== undefined && atLeast(version, TRUSTED_PROXIES_SINCE);
      return broken(byList ? "untrusted-proxy" : "scheme", seen);
    }
    if (theirs.host !== ours.host) return broken("host", seen);
  } catch {
    // Not a URL at all: another issuer mode can't give that, but a hand-written proxy rule can.
  }
  return broken("path", seen);
}

/**
 * signing-algorithm: the one that will be used is the only one offered. Where Authentik signs what this
 * stack wants and Immich expects another, the setting in Immich is what is wrong.
 */
export async function signingAlgorithm(facts: Facts): Promise<Finding> {
  const offered = strings(await inDocument(facts, "id_token_signing_alg_values_supported"));
  const row = await facts.row();
  const inRow = row.kind === "settings" ? row.settings["oauth.signingAlgorithm"] : undefined;
  const { settings, signingAlgorithm = "RS256" } = facts.input;
  const wanted = String(settings["oauth.signingAlgorithm"] ?? signingAlgorithm);
  const expected = inRow === undefined ? wanted : String(inRow);
  const seen = `Authentik signs ${offered.join(", ") || "nothing"}, Immich expects ${expected || "none"}`;
  if (offered.includes(expected)) return ok(seen);
  if (offered.includes(wanted)) {
    return broken("setting", `${seen}: oauth.signingAlgorithm in Immich's settings is wrong`);
  }
  return broken(offered.includes("HS256") ? "no-key" : "other-key", seen);
}

/** scopes-offered: each scope that Immich was told to ask for. */
export async function scopesOffered(facts: Facts): Promise<Finding> {
  const offered = strings(await inDocument(facts, "scopes_supported"));
  const missing = facts.input.scopes.filter((scope) => !offered.includes(scope));
  return missing.length === 0
    ? ok(facts.input.scopes.join(" "))
    : broken("missing", `not offered: ${missing.join(" ")}; offered: ${offered.join(" ")}`);
}

/** email-claim: asked for, and sent. */
export async function emailClaim(facts: Facts): Promise<Finding> {
  const claims = strings(await inDocument(facts, "claims_supported"));
  if (!facts.input.scopes.includes("email")) {
    return broken("not-asked", `scopes are "${facts.input.scopes.join(" ")}", without "email"`);
  }
  return claims.includes("email")
    ? ok('claim "email" is sent with scope "email"')
    : broken("not-sent", `no claim "email"; claims: ${claims.join(" ")}`);
}

async function inDocument(facts: Facts, name: string): Promise<unknown> {
  const reply = await facts.discovery();
  return reply.kind === "answer" ? field(reply.json, name) : undefined;
}

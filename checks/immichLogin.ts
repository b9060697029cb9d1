// The checks on where Immich would send somebody who clicks the button: its own /api/oauth/authorize,
// and its settings row where that can be read, which tells what Immich does not say in an error.
import { isApp, webUri } from "./client";
import type { Facts } from "./facts";
import { describe, field } from "./http";
import { message } from "./immich";
import { broken, ok, unknown, type Finding } from "./types";

/** The URL Immich sends people to, or undefined when it answers with an error. */
async function sentTo(facts: Facts, redirectUri: string): Promise<URL | undefined> {
  const reply = await facts.immichAuthorize(redirectUri);
  const url = reply.kind === "answer" ? field(reply.json, "url") : undefined;
  try {
    return typeof url === "string" ? new URL(url) : undefined;
  } catch {
    return undefined;
  }
}

async function inRow(facts: Facts, key: string): Promise<unknown> {
  const row = await facts.row();
  return row.kind === "settings" ? row.settings[key] : undefined;
}

/** immich-issuer: the row's to the letter; the address in the URL, which does not carry the issuer. */
export async function immichIssuer(facts: Facts): Promise<Finding> {
  const expected = facts.input.issuerUrl;
  const stored = await inRow(facts, "oauth.issuerUrl");
  if (stored !== undefined && stored !== expected) {
    return broken("different", `Immich has issuer "${String(stored)}", deployed is "${expected}"`);
  }
  const url = await sentTo(facts, webUri(facts.input));
  if (url === undefined) {
    return stored === undefined ? unknown("Immich does not say") : ok(expected);
  }
  return url.origin === new URL(expected).origin
    ? ok(`people are sent to ${url.origin}`)
    : broken(
        stored === undefined ? "different" : "sent-elsewhere",
        `Immich sends people to ${url.origin}${url.pathname}, Authentik is at ${new URL(expected).origin}`,
      );
}

/** immich-client-id: of the row and of the URL. */
export async function immichClientId(facts: Facts): Promise<Finding> {
  const expected = facts.input.clientId;
  const stored = await inRow(facts, "oauth.clientId");
  if (stored !== undefined && stored !== expected) {
    return broken(
      "different",
      `Immich has client ID "${String(stored)}", deployed is "${expected}"`,
    );
  }
  const url = await sentTo(facts, webUri(facts.input));
  if (url === undefined) {
    return stored === undefined ? unknown("Immich does not say") : ok(`"${expected}"`);
  }
  const sent = url.searchParams.get("client_id");
  return sent === expected
    ? ok(`"${expected}"`)
    : broken(
        stored === undefined ? "different" : "stale",
        `Immich sends client ID "${String(sent)}", deployed is "${expected}"`,
      );
}

// Immich's words (facts measured on 1.135.3) and which of the catalogue's fixes they call for.
const discoveryCauses: readonly (readonly [RegExp, string])[] = [
  [/fetch failed/, "fetch-failed"],
  [/unexpected HTTP response status code/, "status"],
  [/unexpected response content-type/, "content-type"],
  [/issuer does not match/, "issuer"],
];

/** immich-discovery: Immich fetches the discovery document before it sends anybody anywhere. */
export async function immichDiscovery(facts: Facts): Promise<Finding> {
  const reply = await facts.immichAuthorize(webUri(facts.input));
  if (reply.kind === "failure") return unknown(`POST ${reply.url}: ${describe(reply)}`);
  if ((await sentTo(facts, webUri(facts.input))) !== undefined) return ok("it does");
  const said = message(reply.json);
  const cause = discoveryCauses.find(([words]) => words.test(said))?.[1] ?? "other";
  return broken(cause, `POST ${reply.url}: HTTP ${reply.status}: ${said}`);
}

/** immich-redirect-uri: what Immich makes of the URI the browser or the app came with. */
export async function immichRedirectUri(facts: Facts): Promise<Finding> {
  const known = facts.input.redirectUris;
  const asked = [webUri(facts.input), ...known.filter(isApp).slice(0, 1)];
  for (const uri of asked) {
    const url = await sentTo(facts, uri);
    if (url === undefined) return unknown(`Immich does not say where it sends ${uri}`);
    const sent = url.searchParams.get("redirect_uri") ?? "nothing";
    if (sent === uri || known.includes(sent)) continue;
    return broken(
      isApp(uri) ? "overridden" : "different",
      `Immich makes "${sent}" of ${uri}, and Authentik was not told of it`,
    );
  }
  return ok(asked.join(", "));
}

/** immich-scope: the same words, in any order. */
export async function immichScope(facts: Facts): Promise<Finding> {
  const url = await sentTo(facts, webUri(facts.input));
  if (url === undefined) return unknown("Immich does not say");
  const sent = url.searchParams.get("scope") ?? "";
  const words = (text: readonly string[]) => [...text].sort().join(" ");
  return words(sent.split(/\s+/)) === words(facts.input.scopes)
    ? ok(sent)
    : broken(
        "different",
        `Immich asks for "${sent}", deployed is "${facts.input.scopes.join(" ")}"`,
      );
}

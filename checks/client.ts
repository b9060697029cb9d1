// The checks that try the client at Authentik without logging in: its ID and redirect URIs at the
// authorize page, its secret at the token endpoint.
import type { Facts } from "./facts";
import { describe, field, isComingUp, type Reply } from "./http";
import { findProvider, type Provider } from "./provider";
import { broken, ok, unknown, type CheckInput, type Finding } from "./types";

/** What the authorize page says to a redirect URI. */
type Page = "accepted" | "refused" | "unknown-client" | "other";

// Titles and texts of Authentik's two error pages, both HTTP 400 (goauthentik/authentik,
// authentik/providers/oauth2/errors.py: ClientIdError, RedirectUriError).
const CLIENT_ERROR = /Client ID Error|client identifier \(client_id\)/i;
const REDIRECT_ERROR = /Redirect URI Error|redirection URI \(redirect_uri\)/i;

/** A 302 into a login flow, or back to the redirect URI, means that client and URI were accepted. */
export function readAuthorizePage(reply: Reply, redirectUri: string | undefined): Page {
  if (reply.kind === "failure") return "other";
  if (reply.status === 302 && reply.location !== undefined) {
    if (/^(https?:\/\/[^/]+)?\/(if\/flow|flows)\//.test(reply.location)) return "accepted";
    if (redirectUri !== undefined && reply.location.startsWith(redirectUri)) return "accepted";
    return "other";
  }
  if (reply.status !== 400) return "other";
  if (CLIENT_ERROR.test(reply.body)) return "unknown-client";
  return "refused";
}

/**
 * client-known: both error pages are HTTP 400, so several witnesses are heard: any redirect URI that is
 * accepted, the page's own words, and Authentik's API.
 */
export async function clientKnown(facts: Facts): Promise<Finding> {
  const id = facts.input.clientId;
  const provider = await findProvider(facts);
  const uris = mayAsk(provider) ? [webUri(facts.input), ...facts.input.redirectUris] : [undefined];
  const replies = await Promise.all(uris.map((uri) => facts.authorize(uri)));
  const pages = replies.map((reply, index) => readAuthorizePage(reply, uris[index]));
  if (pages.includes("accepted")) return ok(`"${id}" is known to Authentik`);
  const first = replies[0] as Reply;
  if (pages.every((page) => page === "other")) {
    return broken("no-page", `GET ${first.url.split("?")[0]}: ${describe(first)}`);
  }
  const seen = `no provider in Authentik has the client ID "${id}"`;
  if (pages.includes("unknown-client")) return broken("unknown", seen);
  if (first.kind === "answer" && REDIRECT_ERROR.test(first.body)) {
    return ok(`"${id}" is known to Authentik, its redirect URIs are not`);
  }
  if (provider.kind === "found") return ok(`provider "${provider.name}" has it`);
  if (provider.kind === "absent") return broken("unknown", seen);
  return unknown(`Authentik refuses "${id}" (${describe(first)}) without saying what is wrong`);
}

/** Whether an authorization request with a redirect URI changes nothing: see redirect-uri-list. */
function mayAsk(provider: Provider): boolean {
  return provider.kind === "found" && provider.redirectUris.length > 0;
}

/** redirect-uri-web: the URI that Immich's web page comes with. */
export async function redirectUriWeb(facts: Facts): Promise<Finding> {
  const uri = webUri(facts.input);
  if (!facts.input.redirectUris.includes(uri)) {
    return broken("not-configured", `${uri} is not among ${facts.input.redirectUris.join(", ")}`);
  }
  return redirectUris(facts, [uri], "");
}

/** redirect-uri-user-settings, unless `accountLinking` is off. */
export function redirectUriUserSettings(facts: Facts): Promise<Finding> {
  return redirectUris(
    facts,
    facts.input.redirectUris.filter(isUserSettings(facts.input)),
    "accountLinking",
  );
}

/** redirect-uri-app, unless `mobileApp` is off. */
export function redirectUriApp(facts: Facts): Promise<Finding> {
  return redirectUris(facts, facts.input.redirectUris.filter(isApp), "mobileApp");
}

/** redirect-uri-extra: all the others. */
export function redirectUriExtra(facts: Facts): Promise<Finding> {
  const known = isUserSettings(facts.input);
  const others = facts.input.redirectUris.filter(
    (uri) => uri !== webUri(facts.input) && !known(uri) && !isApp(uri),
  );
  return redirectUris(facts, others, "extraRedirectUris");
}

async function redirectUris(facts: Facts, uris: readonly string[], key: string): Promise<Finding> {
  if (uris.length === 0) return ok(`not asked for (${key})`);
  const provider = await findProvider(facts);
  if (!mayAsk(provider)) {
    const why = provider.kind === "hidden" ? provider.why : "Authentik's API does not show them";
    return unknown(
      `not asked: it is not known whether the provider has redirect URIs (without any, it keeps the one that is asked for): ${why}`,
    );
  }
  const replies = await Promise.all(uris.map((uri) => facts.authorize(uri)));
  const read = uris.map((uri, index) => ({
    uri,
    reply: replies[index] as Reply,
    page: readAuthorizePage(replies[index] as Reply, uri),
  }));
  const refused = read.filter((one) => one.page === "refused");
  if (refused.length > 0) {
    return broken(
      "refused",
      `Authentik refuses ${refused.map((one) => one.uri).join(", ")} (HTTP 400)`,
    );
  }
  const other = read.find((one) => one.page !== "accepted");
  if (other !== undefined) return unknown(`${other.uri}: ${describe(other.reply)}`);
  return ok(`${uris.join(", ")} accepted`);
}

/** client-secret: a bogus code is refused as a code only once the secret is right. */
export async function clientSecret(facts: Facts): Promise<Finding> {
  if (facts.input.clientSecret === undefined) return unknown("no client secret was given");
  const accepted = await acceptedUri(facts);
  const reply = await facts.token(accepted ?? webUri(facts.input));
  if (reply.kind === "failure") return unknown(`POST ${reply.url}: ${describe(reply)}`);
  const error = field(reply.json, "error");
  const seen = `POST ${reply.url}: ${describe(reply)}${typeof error === "string" ? `, ${error}` : ""}`;
  if (error === "invalid_grant") return ok("accepted");
  if (error === "invalid_client" || error === "unauthorized_client") {
    // Authentik says the same to a redirect URI that is not on its list.
    if (accepted === undefined) return unknown(`${seen}, perhaps because of the redirect URI`);
    return broken("refused", `${seen}: the secret is not the provider's`);
  }
  return isComingUp(reply) ? unknown(seen) : broken("no-endpoint", seen);
}

/** A redirect URI that Authentik takes from this client: one of ours, or one that its API tells. */
async function acceptedUri(facts: Facts): Promise<string | undefined> {
  const provider = await findProvider(facts);
  if (provider.kind !== "found" || provider.redirectUris.length === 0) return undefined;
  for (const uri of facts.input.redirectUris) {
    if (readAuthorizePage(await facts.authorize(uri), uri) === "accepted") return uri;
  }
  return provider.redirectUris.find(({ isStrict }) => isStrict)?.url;
}

/** Where Immich's web page comes back to: `<origin>/auth/login`. */
export function webUri(input: CheckInput): string {
  return `${input.immichUrl.replace(/\/+$/, "")}/auth/login`;
}

/** Whether a redirect URI is the phone app's own scheme. */
export function isApp(uri: string): boolean {
  return uri.startsWith("app.immich:");
}

function isUserSettings(input: CheckInput): (uri: string) => boolean {
  const uri = `${input.immichUrl.replace(/\/+$/, "")}/user-settings`;
  return (candidate) => candidate === uri;
}

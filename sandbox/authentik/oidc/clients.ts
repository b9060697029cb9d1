/** Which provider a request is meant for, and whether it may come back where it wants to. */
import type { Call } from "../http";
import type { ProviderRow, RedirectUri } from "../model";
import type { Store } from "../store";

/** The provider with this client ID. */
export function providerByClientId(store: Store, clientId: string): ProviderRow | undefined {
  return store.providers.find((row) => row.client_id === clientId);
}

/** The provider of the application with this slug. */
export function providerBySlug(store: Store, slug: string): ProviderRow | undefined {
  const application = store.applications.find((row) => row.slug === slug);
  return store.providers.get(application?.provider);
}

/** Schemes that no redirect URI may have, whatever the list says. */
const FORBIDDEN = ["javascript:", "data:", "vbscript:"];

/** Whether a redirect URI is on a provider's list. Strict ones must be equal, letter by letter. */
export function allowsRedirect(provider: ProviderRow, uri: string): boolean {
  if (FORBIDDEN.some((scheme) => uri.toLowerCase().startsWith(scheme))) return false;
  return authorizationUris(provider).some(({ matching_mode, url }) =>
    matching_mode === "strict" ? url === uri : matches(url, uri),
  );
}

/** A provider without any redirect URI trusts the first that comes along, for good: Authentik does so. */
export function trustFirstRedirect(provider: ProviderRow, url: string): void {
  if (url === "" || authorizationUris(provider).length) return;
  const trusted = { matching_mode: "strict", url, redirect_uri_type: "authorization" } as const;
  provider.redirect_uris.push(trusted);
}

function authorizationUris(provider: ProviderRow): RedirectUri[] {
  return provider.redirect_uris.filter((one) => one.redirect_uri_type === "authorization");
}

function matches(pattern: string, uri: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`).test(uri);
  } catch {
    return false;
  }
}

/** The client ID and secret of a request: from the Basic header or, without one, from the form. */
export function credentialsOf(call: Call, form: URLSearchParams): { id: string; secret: string } {
  const basic = /^Basic\s(.+)$/.exec(call.headers.authorization ?? "")?.[1];
  if (basic === undefined) {
    return { id: form.get("client_id") ?? "", secret: form.get("client_secret") ?? "" };
  }
  const pair = Buffer.from(basic, "base64").toString("utf8");
  const at = pair.indexOf(":");
  return at < 0 ? { id: pair, secret: "" } : { id: pair.slice(0, at), secret: pair.slice(at + 1) };
}

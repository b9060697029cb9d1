// The OAuth2 provider as Authentik's API shows it: looked at before the authorize endpoint is asked.
import { results } from "./authentik";
import type { Facts } from "./facts";
import { describe, field } from "./http";
import { broken, ok, unknown, type Finding } from "./types";

/** The provider that has the client ID. */
export type Provider =
  | {
      readonly kind: "found";
      readonly name: string;
      readonly isEncrypted: boolean;
      readonly redirectUris: readonly RedirectUri[];
      /** Where and how it tells of the end of a session; an empty URI: it does not. */
      readonly logout: { readonly uri: string; readonly method: string };
    }
  /** The API lists none: there is none, or the token may not see it. */
  | { readonly kind: "absent" }
  /** The API can't be asked. */
  | { readonly kind: "hidden"; readonly why: string };

interface RedirectUri {
  readonly isStrict: boolean;
  readonly url: string;
}

/** Looks for the provider with the deployed client ID. */
export async function findProvider(facts: Facts): Promise<Provider> {
  if (!facts.input.authentikToken) {
    return { kind: "hidden", why: "no token for Authentik's API was given" };
  }
  const reply = await facts.providers();
  if (reply.kind === "failure" || reply.status !== 200) {
    return { kind: "hidden", why: `GET ${reply.url}: ${describe(reply)}` };
  }
  const provider = results(reply).find((one) => field(one, "client_id") === facts.input.clientId);
  if (provider === undefined) return { kind: "absent" };
  return {
    kind: "found",
    name: String(field(provider, "name")),
    isEncrypted: Boolean(field(provider, "encryption_key")),
    redirectUris: redirectUrisOf(provider),
    logout: {
      uri: String(field(provider, "logout_uri") ?? ""),
      method: String(field(provider, "logout_method") ?? ""),
    },
  };
}

/** Those to come back to after a login: newer versions keep those of the logout in the same list. */
function redirectUrisOf(provider: unknown): RedirectUri[] {
  const list = field(provider, "redirect_uris");
  return (Array.isArray(list) ? list : [])
    .filter((one) => field(one, "redirect_uri_type") !== "logout")
    .map((one) => ({
      isStrict: field(one, "matching_mode") === "strict",
      url: String(field(one, "url")),
    }));
}

/**
 * redirect-uri-list: with an empty list Authentik saves the first redirect URI that an authorization
 * request brings. So nobody who promises to change nothing may send one then.
 */
export async function redirectUriList(facts: Facts): Promise<Finding> {
  const provider = await findProvider(facts);
  if (provider.kind === "hidden") return unknown(provider.why);
  if (provider.kind === "absent")
    return unknown("Authentik's API shows no provider of this client");
  const { name, redirectUris } = provider;
  return redirectUris.length === 0
    ? broken("empty", `provider "${name}" has no redirect URI: it takes the first that comes along`)
    : ok(`provider "${name}" has ${redirectUris.length}`);
}

/** id-token-encryption: Immich can't read encrypted ID tokens. */
export async function idTokenEncryption(facts: Facts): Promise<Finding> {
  const provider = await findProvider(facts);
  if (provider.kind === "hidden") return unknown(provider.why);
  if (provider.kind === "absent")
    return unknown("Authentik's API shows no provider of this client");
  return provider.isEncrypted
    ? broken("encrypted", `provider "${provider.name}" has an encryption key`)
    : ok(`provider "${provider.name}" has no encryption key`);
}

/** Who a user is to a client: `sub`, and the claims of the scope mappings that the provider has. */
import { randomText } from "../api/random";
import type { MappingRow, ProviderRow, UserRow } from "../model";
import type { Store } from "../store";
import { seconds } from "./duration";
import type { Claims } from "./expression";
import { claimNames, evaluate } from "./expression";
import { issuerOf } from "./issuer";

/** The only level of authentication that Authentik tells. */
export const ACR = "goauthentik.io/providers/oauth2/default";

/** Claims that every ID token can have, whatever the mappings. */
export const STANDING_CLAIMS = [
  "sub",
  "iss",
  "aud",
  "exp",
  "iat",
  "auth_time",
  "acr",
  "amr",
  "nonce",
] as const;

/** The mappings that a provider has, in its order. */
export function mappingsOf(store: Store, provider: ProviderRow): MappingRow[] {
  return provider.property_mappings.flatMap((pk) => store.mappings.get(pk) ?? []);
}

/** The scopes that a provider offers: its mappings', and `openid` in any case. */
export function scopesOf(store: Store, provider: ProviderRow): string[] {
  const scopes = mappingsOf(store, provider).map((mapping) => mapping.scope_name);
  return [...new Set(scopes.includes("openid") ? scopes : [...scopes, "openid"])];
}

/** The claims that each scope of a provider carries. */
export function claimsByScope(store: Store, provider: ProviderRow): Map<string, string[]> {
  const found = new Map<string, string[]>(scopesOf(store, provider).map((scope) => [scope, []]));
  for (const { scope_name, expression } of mappingsOf(store, provider)) {
    found.get(scope_name)?.push(...claimNames(expression));
  }
  return found;
}

/** What a user's `sub` is for a provider. */
export function subjectOf(store: Store, provider: ProviderRow, user: UserRow): string {
  const uid = store.uidOf(user);
  const upn = user.attributes.upn;
  switch (provider.sub_mode) {
    case "user_id":
      return String(user.pk);
    case "user_uuid":
      return user.uuid;
    case "user_username":
      return user.username;
    case "user_email":
      return user.email;
    case "user_upn":
      return typeof upn === "string" ? upn : uid;
    default:
      return uid;
  }
}

/** A user's claims for some scopes, all of the provider's when none are given. */
export function claimsOf(
  store: Store,
  provider: ProviderRow,
  user: UserRow,
  scopes?: ReadonlySet<string>,
): Claims {
  const claims: Claims = {};
  for (const { scope_name, expression } of mappingsOf(store, provider)) {
    if (!scopes || scopes.has(scope_name)) Object.assign(claims, evaluate(expression, user, store));
  }
  return claims;
}

/** The ID token that a user would get, as the API previews it; good for half an hour. */
export function previewClaims(
  store: Store,
  provider: ProviderRow,
  user: UserRow,
  origin: string,
): Claims {
  const now = Math.floor(Date.now() / 1000);
  const slug = store.applicationOf(provider)?.slug;
  return {
    iss: slug ? issuerOf(provider, slug, origin) : null,
    sub: subjectOf(store, provider, user),
    aud: provider.client_id,
    exp: now + seconds("minutes=30"),
    iat: now,
    auth_time: now,
    acr: ACR,
    jti: randomText(40),
    ...claimsOf(store, provider, user),
  };
}

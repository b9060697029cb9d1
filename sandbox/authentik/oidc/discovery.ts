/** The discovery document and the key set of a provider. */
import { algorithmOf, publicJwk } from "../crypto/certificate";
import type { ProviderRow } from "../model";
import type { Store } from "../store";
import { ACR, claimsByScope, scopesOf, STANDING_CLAIMS } from "./claims";
import { issuerOf } from "./issuer";

/** `/.well-known/openid-configuration` of an application's provider. */
export function discovery(
  store: Store,
  provider: ProviderRow,
  slug: string,
  origin: string,
): Record<string, unknown> {
  const base = `${origin}/application/o/`;
  const key = store.certificates.get(provider.signing_key);
  return {
    issuer: issuerOf(provider, slug, origin),
    authorization_endpoint: `${base}authorize/`,
    token_endpoint: `${base}token/`,
    userinfo_endpoint: `${base}userinfo/`,
    end_session_endpoint: `${base}${slug}/end-session/`,
    introspection_endpoint: `${base}introspect/`,
    revocation_endpoint: `${base}revoke/`,
    device_authorization_endpoint: `${base}device/`,
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    frontchannel_logout_supported: true,
    frontchannel_logout_session_supported: true,
    response_types_supported: [
      "code",
      "id_token",
      "id_token token",
      "code token",
      "code id_token",
      "code id_token token",
    ],
    response_modes_supported: ["query", "fragment", "form_post"],
    jwks_uri: `${base}${slug}/jwks/`,
    grant_types_supported: [
      "authorization_code",
      "refresh_token",
      "implicit",
      "client_credentials",
      "password",
      "urn:ietf:params:oauth:grant-type:device_code",
    ],
    id_token_signing_alg_values_supported: [algorithmOf(key)],
    subject_types_supported: ["public"],
    token_endpoint_auth_methods_supported: ["client_secret_post", "client_secret_basic"],
    acr_values_supported: [ACR],
    scopes_supported: scopesOf(store, provider),
    request_parameter_supported: false,
    claims_supported: [...STANDING_CLAIMS, ...[...claimsByScope(store, provider).values()].flat()],
    claims_parameter_supported: false,
    code_challenge_methods_supported: ["plain", "S256"],
  };
}

/** The keys that sign; `{}` without a signing key, as Authentik answers. */
export function jwks(store: Store, provider: ProviderRow): Record<string, unknown> {
  const key = store.certificates.get(provider.signing_key);
  return key ? { keys: [publicJwk(key)] } : {};
}

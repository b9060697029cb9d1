// The resource ProviderOauth2: an OAuth2/OpenID client as Authentik sees it; its id is a number.

import { oneOf } from "../properties";
import type { Resource } from "../../../plugin/provider";
import type { Value, Values } from "../../../plugin/wire";
import type { Api } from "./api";
import { checkDuration } from "./duration";
import { rest, type Field } from "./rest";

const duration = (initial: string): Field => ({
  type: "string",
  default: initial,
  check: checkDuration,
});

const subjects = [
  "hashed_user_id",
  "user_id",
  "user_uuid",
  "user_username",
  "user_email",
  "user_upn",
];

/** ProviderOauth2, as Authentik's Terraform provider has it. */
export function oauth2Provider(api: () => Api): Resource {
  return rest(api, {
    kind: "OAuth2 provider",
    path: "providers/oauth2/",
    idProperty: "providerOauth2Id",
    idOf: (body) => String(body["pk"]),
    fields: {
      name: { type: "string", autoNamed: true },
      authenticationFlow: { type: "string", unset: null },
      authorizationFlow: { type: "string", required: true },
      invalidationFlow: { type: "string", required: true },
      propertyMappings: { type: "list", unset: [] },
      clientType: {
        type: "string",
        default: "confidential",
        check: oneOf("confidential", "public"),
      },
      grantTypes: { type: "list", computed: true },
      clientId: { type: "string", required: true },
      clientSecret: { type: "string", computed: true, secret: true },
      accessCodeValidity: duration("minutes=1"),
      accessTokenValidity: duration("minutes=10"),
      refreshTokenValidity: duration("days=30"),
      refreshTokenThreshold: duration("seconds=0"),
      includeClaimsInIdToken: { type: "boolean", default: true },
      signingKey: { type: "string", unset: null },
      encryptionKey: { type: "string", unset: null },
      allowedRedirectUris: {
        type: "list",
        field: "redirect_uris",
        unset: [],
        receive: redirectUris,
      },
      logoutMethod: {
        type: "string",
        default: "backchannel",
        check: oneOf("backchannel", "frontchannel"),
      },
      logoutUri: { type: "string" },
      subMode: { type: "string", default: "hashed_user_id", check: oneOf(...subjects) },
      issuerMode: {
        type: "string",
        default: "per_provider",
        check: oneOf("global", "per_provider"),
      },
      // Read by nobody since 2025: jwtFederationSources took its place.
      jwksSources: { type: "list", field: null },
      jwtFederationSources: { type: "list", unset: [] },
      jwtFederationProviders: { type: "list", unset: [] },
    },
  });
}

function redirectUris(value: Value): Value {
  if (!Array.isArray(value)) return value;
  return (value as Values[]).map(({ matching_mode, url, redirect_uri_type }) => ({
    matching_mode: matching_mode ?? "",
    url: url ?? "",
    ...(redirect_uri_type ? { redirect_uri_type } : {}),
  }));
}

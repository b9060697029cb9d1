/** Turns an Authentik provider into the configuration of an oidc-provider instance. */
import { generateKeyPairSync } from "node:crypto";

import type {
  ClientMetadata,
  Configuration,
  interactionPolicy,
  JWK,
  ResponseType,
} from "oidc-provider" with { "resolution-mode": "import" };

import { randomText } from "../api/random";
import type { SigningAlgorithm } from "../crypto/certificate";
import { algorithmOf, keyId, privateKeyOf } from "../crypto/certificate";
import type { ProviderRow } from "../model";
import type { Store } from "../store";
import { ACR, claimsByScope, claimsOf, scopesOf, subjectOf } from "./claims";
import { seconds } from "./duration";
import type { Memory } from "./memory";

type Policy = typeof interactionPolicy;

/** Header of requests made in this process: the user has agreed to share what is asked for. */
export const CONSENT_HEADER = "x-sandbox-consent";

/** Redirect URIs are checked before oidc-provider sees a request; it only wants to have one. */
const ANY_REDIRECT_URI = "https://checked-before.invalid/";

const RESPONSE_TYPES: ResponseType[] = [
  "code",
  "id_token",
  "id_token token",
  "code token",
  "code id_token",
  "code id_token token",
];

/** Signs nothing: oidc-provider wants a key even where only the client's secret signs. */
const unusedKey: JWK = {
  ...(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({
    format: "jwk",
  }) as unknown as JWK),
  kid: "unused",
};

/** The configuration for a provider. */
export function settingsOf(
  store: Store,
  provider: ProviderRow,
  memory: Memory,
  policy: Policy,
): Configuration {
  const key = store.certificates.get(provider.signing_key);
  const access = seconds(provider.access_token_validity);
  const refresh = seconds(provider.refresh_token_validity);
  const standing = ["sub", "acr", "amr", "auth_time", "jti"];
  const scopes = claimsByScope(store, provider);
  return {
    adapter: (kind: string) => memory.adapter(kind),
    clients: [clientOf(provider, algorithmOf(key), scopes.has("offline_access"))],
    jwks: { keys: [key ? signingJwk(key) : unusedKey] },
    scopes: scopesOf(store, provider),
    claims: Object.fromEntries(
      [...scopes].map(([scope, names]) => [
        scope,
        scope === "openid" ? [...standing, ...names] : names,
      ]),
    ),
    acrValues: [ACR],
    responseTypes: RESPONSE_TYPES,
    clientAuthMethods: ["client_secret_post", "none"],
    enabledJWA: { idTokenSigningAlgValues: ["RS256", "ES256", "HS256"] },
    pkce: { required: () => false },
    conformIdTokenClaims: !provider.include_claims_in_id_token,
    ttl: {
      AccessToken: access,
      AuthorizationCode: seconds(provider.access_code_validity),
      Grant: refresh,
      IdToken: access,
      Interaction: 600,
      RefreshToken: refresh,
      Session: 86_400,
    },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      introspection: { enabled: true },
      pushedAuthorizationRequests: { enabled: false },
      resourceIndicators: { enabled: false },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: false },
    },
    interactions: {
      policy: promptsOf(policy),
      url: (_ctx, interaction) => `/interaction/${interaction.prompt.name}`,
    },
    renderError: (ctx, out) => {
      ctx.body = out;
    },
    findAccount: (_ctx, sub) => {
      const user = store.users.find(
        (row) => row.is_active && subjectOf(store, provider, row) === sub,
      );
      if (!user) return undefined;
      return {
        accountId: sub,
        claims: (use, scope) => ({
          sub,
          ...(use === "id_token" ? { jti: randomText(40) } : {}),
          ...claimsOf(store, provider, user, new Set(scope.split(" "))),
        }),
      };
    },
    loadExistingGrant: async (ctx) => {
      const { oidc } = ctx;
      const grant = new oidc.provider.Grant({
        accountId: oidc.session?.accountId,
        clientId: provider.client_id,
      });
      const offered = new Set(scopesOf(store, provider));
      grant.addOIDCScope([...oidc.requestParamScopes].filter((one) => offered.has(one)).join(" "));
      await grant.save();
      return grant;
    },
  };
}

function clientOf(
  provider: ProviderRow,
  algorithm: SigningAlgorithm,
  refreshes: boolean,
): ClientMetadata {
  const secret = provider.client_secret;
  const secretive = provider.client_type === "confidential" && secret !== "";
  return {
    client_id: provider.client_id,
    ...(secret ? { client_secret: secret } : {}),
    token_endpoint_auth_method: secretive ? "client_secret_post" : "none",
    id_token_signed_response_alg: algorithm,
    redirect_uris: [ANY_REDIRECT_URI],
    response_types: RESPONSE_TYPES,
    grant_types: ["authorization_code", "implicit", ...(refreshes ? ["refresh_token"] : [])],
  };
}

function signingJwk(key: Parameters<typeof keyId>[0]): JWK {
  const jwk = privateKeyOf(key).export({ format: "jwk" }) as unknown as JWK;
  return { ...jwk, kid: keyId(key), use: "sig", alg: algorithmOf(key) };
}

/** Log in first; then agree, unless the flow in front has seen to that. */
function promptsOf({ base, Check, Prompt }: Policy): ReturnType<Policy["base"]> {
  const policy = base();
  policy.remove("consent");
  policy.add(
    new Prompt(
      { name: "consent", requestable: true },
      new Check("not_agreed", "consent is needed", (ctx) =>
        ctx.get(CONSENT_HEADER) ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT,
      ),
    ),
  );
  return policy;
}

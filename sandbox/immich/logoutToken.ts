/** Judges a logout token (OpenID Connect Back-Channel Logout 1.0) by the library that Immich itself uses, jose. */
import type { JsonObject } from "./merge";
import type { Configuration } from "./openid";

/** Whose session has ended, and which; one of the two at least. */
export interface LogoutClaims {
  readonly sub?: string;
  readonly sid?: string;
}

const EVENT = "http://schemas.openid.net/event/backchannel-logout";

/** @throws Error that says what is wrong with the token */
export async function logoutClaims(
  token: string,
  oauth: JsonObject,
  client: Configuration,
): Promise<LogoutClaims> {
  const { createRemoteJWKSet, jwtVerify } = await import("jose");
  const { issuer, jwks_uri } = client.serverMetadata();
  const algorithm = String(client.clientMetadata().id_token_signed_response_alg ?? "RS256");
  if (!jwks_uri) throw new Error("Unable to get JWKS URI");
  const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(jwks_uri)), {
    issuer,
    audience: String(oauth["clientId"]),
    algorithms: [algorithm],
    maxTokenAge: "2m",
    clockTolerance: "5s",
  });
  const events = payload["events"] as JsonObject | undefined;
  if (!events?.[EVENT]) throw new Error("Missing backchannel-logout event claim");
  if (payload["nonce"]) throw new Error("Logout token must not contain a nonce");
  return { sub: payload.sub, sid: payload["sid"] as string | undefined };
}

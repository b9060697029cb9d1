/** Logging out of Immich and of its OpenID provider at once, which it can since 3.0. */
import { atLeast } from "./version";

const SINCE = "3.0.0";

/** Whether an Immich of this version ends a session when the provider says so (OpenID Connect Back-Channel Logout 1.0). */
export function knowsBackchannelLogout(version: string): boolean {
  return atLeast(version, SINCE);
}

/**
 * Where it wants to be told.
 * @param immichUrl its origin, without a slash at the end
 */
export function backchannelLogoutUri(immichUrl: string): string {
  return `${immichUrl}/api/oauth/backchannel-logout`;
}

/**
 * Where Authentik ends a session of its own: where Immich sends whoever logs out.
 * @param issuerUrl with the slash at the end
 */
export function endSessionEndpoint(issuerUrl: string): string {
  return `${issuerUrl}end-session/`;
}

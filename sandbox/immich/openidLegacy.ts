/** What Immich before 1.132 did differently, with openid-client 5. */
import type { JsonObject } from "./merge";
import { authentication, clientMetadata, type Configuration, type OpenidClient } from "./openid";

/** A discovery without comparison of the issuer; a client ID is asked for at once. */
export async function legacyDiscovery(
  lib: OpenidClient,
  oauth: JsonObject,
): Promise<Configuration> {
  const issuer = new URL(oauth["issuerUrl"] as string);
  if (!issuer.pathname.includes("/.well-known/")) {
    issuer.pathname = `${issuer.pathname.replace(/\/$/, "")}/.well-known/openid-configuration`;
  }
  const response = await fetch(issuer, { redirect: "manual" }).catch((error: unknown) => {
    throw error instanceof Error && error.cause !== undefined ? error.cause : error;
  });
  if (response.status !== 200) {
    throw named(
      "OPError",
      `expected 200 OK, got: ${response.status} ${response.statusText}`.trim(),
    );
  }
  const metadata = (await response.json()) as { issuer: string };
  if (!oauth["clientId"]) throw new TypeError("client_id is required");
  const client = new lib.Configuration(
    metadata,
    oauth["clientId"] as string,
    clientMetadata(oauth),
    authentication(lib, oauth),
  );
  lib.allowInsecureRequests(client);
  return client;
}

/** How openid-client 5 writes the address. */
export function legacyUrl(
  client: Configuration,
  oauth: JsonObject,
  redirectUri: string,
  state: string,
): string {
  const values = {
    client_id: String(oauth["clientId"]),
    scope: String(oauth["scope"]),
    response_type: "code",
    redirect_uri: redirectUri,
    state,
  };
  const query = Object.entries(values).map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
  return `${client.serverMetadata().authorization_endpoint}?${query.join("&")}`;
}

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

/** How Immich's settings are said to openid-client. */
import type { Json, JsonObject } from "./merge";

/** The library, an ES module. */
export type OpenidClient = typeof import("openid-client", {
  with: { "resolution-mode": "import" },
});
/** A provider and the client at it. */
export type Configuration = InstanceType<OpenidClient["Configuration"]>;

/** The client's properties. Values are handed over as they are stored, sane or not. */
export function clientMetadata(oauth: JsonObject): Record<string, Json> {
  const profileAlgorithm = oauth["profileSigningAlgorithm"] ?? "none";
  return {
    client_secret: oauth["clientSecret"] as Json,
    response_types: ["code"],
    id_token_signed_response_alg: oauth["signingAlgorithm"] as Json,
    ...(profileAlgorithm === "none" || profileAlgorithm === ""
      ? {}
      : { userinfo_signed_response_alg: profileAlgorithm }),
  };
}

/** How the client authenticates itself: not at all without a secret, or by an unknown method. */
export function authentication(lib: OpenidClient, oauth: JsonObject) {
  const secret = oauth["clientSecret"];
  if (typeof secret !== "string" || secret === "") return lib.None();
  switch (oauth["tokenEndpointAuthMethod"]) {
    case undefined: // before 1.133
    case "client_secret_post":
      return lib.ClientSecretPost(secret);
    case "client_secret_basic":
      return lib.ClientSecretBasic(secret);
    default:
      return lib.None();
  }
}

// Whether logging out on one side logs out on the other, which Immich can since 3.0.
import { endSessionEndpoint, knowsBackchannelLogout } from "../immich/logout";
import type { Facts } from "./facts";
import { describe } from "./http";
import { findProvider } from "./provider";
import { broken, ok, unknown, type Finding } from "./types";

/** logout: from Authentik to Immich over the back channel, from Immich to Authentik by the browser. */
export async function logout(facts: Facts): Promise<Finding> {
  const { logoutUri, issuerUrl } = facts.input;
  const provider = await findProvider(facts);
  const there = provider.kind === "found" ? provider.logout : undefined;
  const version = await facts.immichVersion();
  if (version === undefined) return unknown("Immich does not tell its version");
  if (!knowsBackchannelLogout(version) || logoutUri === undefined) {
    const why =
      logoutUri === undefined ? "not asked for" : `Immich ${version} takes no word of a logout`;
    return ok(there?.uri ? `${why}; Authentik's logout URI ${there.uri} is left as it is` : why);
  }
  if (provider.kind === "hidden") return unknown(provider.why);
  if (there === undefined) return unknown("Authentik's API shows no provider of this client");
  if (there.uri === "") return broken("unset", "the provider has no logout URI");
  if (there.uri !== logoutUri || there.method !== "backchannel") {
    return broken(
      "different",
      `the provider's logout URI is ${there.uri} (${there.method}), deployed is ${logoutUri} (backchannel)`,
    );
  }
  const row = await facts.row();
  const stored = row.kind === "settings" ? row.settings["oauth.endSessionEndpoint"] : undefined;
  const expected = endSessionEndpoint(issuerUrl);
  // Empty, Immich takes the one of the discovery document.
  if (stored && stored !== expected) {
    return broken(
      "elsewhere",
      `Immich sends whoever logs out to ${String(stored)}, Authentik's address for it is ${expected}`,
    );
  }
  // Without a token nothing is ended, and nothing logged.
  const reply = await facts.immichLogout(logoutUri);
  const seen = `POST ${reply.url}: ${describe(reply)}`;
  if (reply.kind === "failure") return unknown(seen);
  return reply.status === 400 ? ok("both ways") : broken("no-endpoint", seen);
}

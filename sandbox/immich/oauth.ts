/** The OpenID Connect client, by the library that Immich itself uses, openid-client 6. */
import { HttpError } from "./http";
import { describeError, type Log, stackOf } from "./log";
import { type LogoutClaims, logoutClaims } from "./logoutToken";
import type { Json, JsonObject } from "./merge";
import { authentication, clientMetadata, type Configuration, type OpenidClient } from "./openid";
import { legacyDiscovery, legacyUrl } from "./openidLegacy";
import type { OauthSession } from "./people";
import type { Traits } from "./versions";

/** Claims about the person who logs in. */
export type Profile = Readonly<Record<string, Json | undefined>> & { readonly sub: string };

/** What it takes to send somebody to the provider. */
export interface Departure {
  readonly url: string;
  /** For the cookie that the callback compares; undefined before 1.132. */
  readonly state?: string;
  /** For the cookie with the PKCE secret; null when the app keeps it to itself. */
  readonly verifier?: string | null;
}

/** The OpenID Connect client of one Immich version. */
export class OauthClient {
  private library: Promise<OpenidClient> | undefined;

  constructor(
    private readonly traits: Traits,
    private readonly log: Log,
  ) {}

  /** Where to send the browser, and what to remember until it is back. */
  async authorize(
    oauth: JsonObject,
    redirectUri: string,
    id: string,
    app: { readonly state?: string; readonly codeChallenge?: string } = {},
  ): Promise<Departure> {
    const lib = await this.load();
    const client = await this.discover(oauth, id);
    const state = app.state ?? lib.randomState();
    if (!this.traits.strictOidc) return { url: legacyUrl(client, oauth, redirectUri, state) };

    const verifier = app.codeChallenge === undefined ? lib.randomPKCECodeVerifier() : null;
    const challenge = app.codeChallenge ?? (await lib.calculatePKCECodeChallenge(verifier ?? ""));
    const parameters: Record<string, string> = {
      redirect_uri: redirectUri,
      scope: String(oauth["scope"]),
      state,
    };
    if (this.traits.promptAndLogout && oauth["prompt"]) {
      parameters["prompt"] = String(oauth["prompt"]);
    }
    const pkce = client.serverMetadata().supportsPKCE();
    // 1.135.3 sends the two empty when the provider does not announce PKCE.
    if (pkce || !this.traits.callbackChecksEnabled) {
      parameters["code_challenge"] = pkce ? challenge : "";
      parameters["code_challenge_method"] = pkce ? "S256" : "";
    }
    return { url: lib.buildAuthorizationUrl(client, parameters).toString(), state, verifier };
  }

  /**
   * Exchanges the code in `url` and asks who it is.
   *
   * @throws HttpError for a failed discovery; Error "OAuth login failed", the reason in the log, for
   * everything after it.
   */
  async profile(
    oauth: JsonObject,
    url: string,
    expected: { readonly state: string; readonly verifier: string },
    id: string,
  ): Promise<{ readonly profile: Profile; readonly session: OauthSession }> {
    const lib = await this.load();
    const client = await this.discover(oauth, id);
    const pkce = client.serverMetadata().supportsPKCE() && this.traits.strictOidc;
    try {
      const tokens = await lib.authorizationCodeGrant(client, new URL(url), {
        expectedState: expected.state,
        ...(pkce ? { pkceCodeVerifier: expected.verifier } : {}),
      });
      const claims = this.traits.profileFromIdToken ? tokens.claims() : undefined;
      const profile =
        claims !== undefined && "email" in claims
          ? claims
          : await lib.fetchUserInfo(client, tokens.access_token, lib.skipSubjectCheck);
      if (!profile.sub) throw new Error("Unexpected profile response, no `sub`");
      const sid = tokens.claims()?.["sid"];
      const session = typeof sid === "string" ? { sid, idToken: tokens.id_token } : {};
      return {
        profile: profile as Profile,
        session: this.traits.promptAndLogout ? session : {},
      };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.log.write("ERROR", "OAuthRepository", `OAuth login failed: ${reason}`, id);
      this.log.write("ERROR", "OAuthRepository", describeError(error), id);
      throw new Error("OAuth login failed", { cause: error });
    }
  }

  /** Where a logout goes on to at the provider; undefined when it has no such place. */
  async logoutEndpoint(oauth: JsonObject, id: string): Promise<string | undefined> {
    const own = oauth["endSessionEndpoint"];
    if (this.traits.promptAndLogout && typeof own === "string" && own !== "") return own;
    return (await this.discover(oauth, id)).serverMetadata().end_session_endpoint;
  }

  /**
   * Whose session has ended at the provider, as its logout token says.
   *
   * @throws HttpError 400 for a token that is not good
   */
  async endedSession(oauth: JsonObject, token: string, id: string): Promise<LogoutClaims> {
    const client = await this.discover(oauth, id);
    try {
      return await logoutClaims(token, oauth, client);
    } catch (error) {
      const reason = `Error validating JWT logout token: ${(error as Error).message}`;
      this.log.write("ERROR", "OAuthRepository", reason, id);
      throw new HttpError(400, "Error backchannel logout: token validation failed");
    }
  }

  private load(): Promise<OpenidClient> {
    this.library ??= import("openid-client");
    return this.library;
  }

  private async discover(oauth: JsonObject, id: string): Promise<Configuration> {
    try {
      return this.traits.strictOidc
        ? await this.strict(oauth)
        : await legacyDiscovery(await this.load(), oauth);
    } catch (error) {
      const told = `Error in OAuth discovery: ${String(error)}`;
      this.log.write("ERROR", "OAuthRepository", told, id);
      this.log.write("ERROR", "OAuthRepository", stackOf(error), id);
      throw new HttpError(500, told, null);
    }
  }

  private async strict(oauth: JsonObject): Promise<Configuration> {
    const lib = await this.load();
    const insecure = !this.traits.httpsOnly || Boolean(oauth["allowInsecureRequests"]);
    return lib.discovery(
      new URL(oauth["issuerUrl"] as string),
      oauth["clientId"] as string,
      clientMetadata(oauth),
      authentication(lib, oauth),
      {
        // Whole seconds to the library, whatever the settings page calls it.
        timeout: oauth["timeout"] as number,
        execute: insecure ? [lib.allowInsecureRequests] : [],
      },
    );
  }
}

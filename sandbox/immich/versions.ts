/**
 * What an Immich of a version does differently from others. The numbers are those of the recorded
 * exchanges and of Immich's published SDKs; "(taken)" marks a border that nobody measured.
 */

/** The parts of a version number. */
export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** "1.135.3". */
  readonly text: string;
}

/** Which behaviours a version has. */
export interface Traits {
  /** Settings are one JSON document in `system_metadata` (since 1.106.0), not rows of `system_config`. */
  readonly document: boolean;
  /** An empty `system_config` is left behind by the move to the document (1.106.0 to 1.132). */
  readonly emptyOldTable: boolean;
  /** Settings are read once and kept in the process (up to 1.106.2). */
  readonly cached: boolean;
  /** Boolean settings given as "true"/"false" become booleans when read. */
  readonly convertsBooleans: boolean;
  /** Unknown keys are logged, with their values. */
  readonly reportsUnknown: boolean;
  /** `version_history` is written (since 1.117). */
  readonly history: boolean;
  /** API under /api/server (since 1.107), before that /api/server-info. */
  readonly serverPaths: boolean;
  /** /api/public/config and /api/admin/config exist (since 3.2). */
  readonly publicConfig: boolean;
  /** Error bodies carry a correlationId. Not in 1.105.1, in 1.135.3; 1.107 (taken). */
  readonly correlation: boolean;
  /** Error bodies are {message} alone, with `errors` when a document is refused. In 3.1.0; 3.0.0 (taken). */
  readonly bareErrors: boolean;
  /** Path of the API keys: plural since 1.106.0 (taken). */
  readonly keys: "/api/api-keys" | "/api/api-key";
  /** API keys have permissions. In 1.118.0, not in 1.100.0; 1.113.0 (taken). */
  readonly keyPermissions: boolean;
  /** Permissions for users are named so. "adminUser" in 1.138.1, not in 1.135.3; 1.138.0 (taken). */
  readonly adminUser: "adminUser" | "admin.user";
  /** /api/api-keys/me tells of the key itself. In 2.7.5, not in 1.138.1; 2.0.0 (taken). */
  readonly ownKey: boolean;
  /** openid-client 6: exact issuer, PKCE and state in cookies (since 1.132). */
  readonly strictOidc: boolean;
  /** A plain-http issuer needs oauth.allowInsecureRequests (since 3.0.0). */
  readonly httpsOnly: boolean;
  /** oauth.prompt, oauth.endSessionEndpoint and back-channel logout exist (since 3.0.0). */
  readonly promptAndLogout: boolean;
  /** The callback refuses when OAuth has been switched off meanwhile; 1.135.3 does not. 3.0.0 (taken). */
  readonly callbackChecksEnabled: boolean;
  /** The profile comes from the ID token where it carries an e-mail. 3.0.0 (taken). */
  readonly profileFromIdToken: boolean;
  /** The role claim makes an admin of a new user. */
  readonly roles: boolean;
  /** The role claim is read at each login (measured on 3.1.0; Immich pull request 29991). */
  readonly rolesAtEachLogin: boolean;
  /** A default quota of 0 is a quota of 0, and null is "none" (since 1.135); before, 0 is "none". */
  readonly nullQuota: boolean;
  /** Each user is welcomed once (`isOnboarded` of the login answer). 1.134 (taken). */
  readonly onboarding: boolean;
  /** Table of people, as SQL: it was renamed between 1.135.3 and 3.1.0. 3.0.0 (taken). */
  readonly people: "users" | '"user"';
  /** Where the app is sent back to. */
  readonly appRedirect: string;
}

/** Reads "1.135.3" or "v1.135.3". @throws Error when it is neither. */
export function parseVersion(text: string): Version {
  const match = /^v?(\d+)\.(\d+)\.(\d+)$/.exec(text);
  if (match === null) throw new Error(`${text} is not a version of Immich, such as 1.135.3`);
  const [major = 0, minor = 0, patch = 0] = match.slice(1).map(Number);
  return { major, minor, patch, text: `${major}.${minor}.${patch}` };
}

/** Whether `version` is `wanted` ("1.106.3") or newer. */
export function atLeast(version: Version, wanted: string): boolean {
  const other = parseVersion(wanted);
  return (
    (version.major - other.major || version.minor - other.minor || version.patch - other.patch) >= 0
  );
}

/** The behaviours of `version`. */
export function traitsOf(version: Version): Traits {
  const since = (wanted: string): boolean => atLeast(version, wanted);
  return {
    document: since("1.106.0"),
    emptyOldTable: since("1.106.0") && !since("1.133.0"),
    cached: !since("1.106.3"),
    convertsBooleans: since("1.106.0"),
    reportsUnknown: since("1.106.0"),
    history: since("1.117.0"),
    serverPaths: since("1.107.0"),
    publicConfig: since("3.2.0"),
    correlation: since("1.107.0"),
    bareErrors: since("3.0.0"),
    keys: since("1.106.0") ? "/api/api-keys" : "/api/api-key",
    keyPermissions: since("1.113.0"),
    adminUser: since("1.138.0") ? "adminUser" : "admin.user",
    ownKey: since("2.0.0"),
    strictOidc: since("1.132.0"),
    httpsOnly: since("3.0.0"),
    promptAndLogout: since("3.0.0"),
    callbackChecksEnabled: since("3.0.0"),
    profileFromIdToken: since("3.0.0"),
    roles: since("1.138.1"),
    rolesAtEachLogin: since("3.1.0"),
    nullQuota: since("1.135.0"),
    onboarding: since("1.134.0"),
    people: since("3.0.0") ? '"user"' : "users",
    appRedirect: since("1.113.0") ? "app.immich:///oauth-callback" : "app.immich:/oauth-callback",
  };
}

/** What the parts of the sandbox's Authentik share. */
import type { AccessTokens } from "./oidc/jwt";
import type { Engine } from "./oidc/engine";
import type { Sessions } from "./session";
import type { Store } from "./store";

/** One running Authentik. */
export interface Authentik {
  readonly store: Store;
  readonly engine: Engine;
  readonly sessions: Sessions;
  readonly accessTokens: AccessTokens;
}

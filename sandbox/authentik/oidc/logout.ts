/** Tells clients that a session has ended: OpenID Connect Back-Channel Logout 1.0. */
import { randomUUID } from "node:crypto";

import type { Authentik } from "../context";
import type { ProviderRow } from "../model";
import type { Session } from "../session";
import { signJwt } from "./jwt";

const EVENT = "http://schemas.openid.net/event/backchannel-logout";

/**
 * What follows from the end of a session. As Authentik does it, a client is told for each access token that it got in that
 * session and that is still valid (authentik/providers/oauth2/signals.py): whoever logs out later is told of to nobody.
 * Authentik's worker sends it, so nobody waits for the answer.
 */
export function tellClients({ store, accessTokens }: Authentik, { sid }: Session): void {
  for (const { provider, claims } of accessTokens.end(sid)) {
    if (!provider.logout_uri || provider.logout_method !== "backchannel") continue;
    const now = Math.floor(Date.now() / 1000);
    const token = {
      iss: claims.iss,
      sub: claims.sub,
      aud: provider.client_id,
      iat: now,
      exp: now + 120,
      jti: randomUUID(),
      events: { [EVENT]: {} },
      sid,
    };
    void send(provider, signJwt(store, provider, token, "logout+jwt"));
  }
}

async function send({ name, logout_uri }: ProviderRow, token: string): Promise<void> {
  try {
    const body = new URLSearchParams({ logout_token: token });
    const { status } = await fetch(logout_uri, { method: "POST", body });
    if (status >= 400) throw new Error(`HTTP ${status}`);
  } catch (error) {
    // Authentik's worker logs it as a failed task.
    process.stderr.write(`authentik sandbox: back-channel logout of ${name}: ${String(error)}\n`);
  }
}

/** Where oidc-provider keeps codes, tokens, grants and sessions of one Authentik provider. */
import type { Adapter, AdapterPayload } from "oidc-provider" with { "resolution-mode": "import" };

interface Entry {
  readonly payload: AdapterPayload;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

/** One provider's memory; it stays when the provider's settings change. */
export class Memory {
  private readonly entries = new Map<string, Entry>();

  /** What oidc-provider asks for: an adapter for each kind of object. */
  adapter(kind: string): Adapter {
    const key = (id: string): string => `${kind}:${id}`;
    const find = (id: string): AdapterPayload | undefined => {
      const entry = this.entries.get(key(id));
      return entry && entry.expires > Date.now() ? entry.payload : undefined;
    };
    return {
      upsert: (id, payload, expiresIn) => {
        const expires = expiresIn ? Date.now() + expiresIn * 1000 : Number.POSITIVE_INFINITY;
        this.forgetExpired();
        this.entries.set(key(id), { payload, expires });
        return Promise.resolve();
      },
      find: (id) => Promise.resolve(find(id)),
      findByUid: (uid) =>
        Promise.resolve(
          [...this.entries.values()].find(({ payload }) => payload.uid === uid)?.payload,
        ),
      findByUserCode: () => Promise.resolve(undefined),
      consume: (id) => {
        const payload = find(id);
        if (payload) payload.consumed = Math.floor(Date.now() / 1000);
        return Promise.resolve();
      },
      destroy: (id) => {
        this.entries.delete(key(id));
        return Promise.resolve();
      },
      revokeByGrantId: (grantId) => {
        for (const [name, { payload }] of this.entries) {
          if (payload.grantId === grantId) this.entries.delete(name);
        }
        return Promise.resolve();
      },
    };
  }

  private forgetExpired(): void {
    const now = Date.now();
    for (const [name, { expires }] of this.entries) if (expires <= now) this.entries.delete(name);
  }
}

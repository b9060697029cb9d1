/**
 * Access tokens. Authentik's are JWTs with the ID token's claims; oidc-provider's are plain random
 * texts. The JWT that a client gets is made here and stands for the random text.
 */
import { createHmac, sign } from "node:crypto";

import { algorithmOf, keyId, privateKeyOf } from "../crypto/certificate";
import type { ProviderRow } from "../model";
import type { Store } from "../store";
import type { Claims } from "./expression";

interface Issued {
  readonly provider: number;
  /** What oidc-provider knows the token as. */
  readonly token: string;
  readonly claims: Claims;
  readonly scopes: readonly string[];
}

/** The access tokens that clients have. */
export class AccessTokens {
  private readonly issued = new Map<string, Issued>();

  constructor(private readonly store: Store) {}

  /** Wraps an access token of oidc-provider into a JWT with the claims of the ID token. */
  wrap(provider: ProviderRow, token: string, claims: Claims, scopes: readonly string[]): string {
    const jwt = signJwt(this.store, provider, claims);
    this.issued.set(jwt, { provider: provider.pk, token, claims, scopes });
    return jwt;
  }

  /** The token behind a JWT, with its provider; undefined when this Authentik did not issue it. */
  find(jwt: string): (Omit<Issued, "provider"> & { provider: ProviderRow }) | undefined {
    const issued = this.issued.get(jwt);
    const provider = this.store.providers.get(issued?.provider);
    return issued && provider ? { ...issued, provider } : undefined;
  }

  /** Takes back the tokens of a session that has ended; gives those that were still valid. */
  end(sid: string): { readonly provider: ProviderRow; readonly claims: Claims }[] {
    const ended = [...this.issued].filter(([, { claims }]) => claims.sid === sid);
    for (const [jwt] of ended) this.issued.delete(jwt);
    return ended.flatMap(([, { provider: pk, claims }]) => {
      const provider = this.store.providers.get(pk);
      return provider && Number(claims.exp) * 1000 > Date.now() ? [{ provider, claims }] : [];
    });
  }
}

/** Signs as a provider does: with its key, or else with the client's secret. */
export function signJwt(store: Store, provider: ProviderRow, claims: Claims, typ = "JWT"): string {
  const key = store.certificates.get(provider.signing_key);
  const alg = algorithmOf(key);
  const encode = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString("base64url");
  const header = { alg, ...(key ? { kid: keyId(key) } : {}), typ };
  const text = `${encode(header)}.${encode(claims)}`;
  const signature = key
    ? sign("sha256", Buffer.from(text), { key: privateKeyOf(key), dsaEncoding: "ieee-p1363" })
    : createHmac("sha256", provider.client_secret).update(text).digest();
  return `${text}.${signature.toString("base64url")}`;
}

/** The claims of a JWT, unchecked. */
export function claimsIn(jwt: string): Claims {
  const payload = jwt.split(".")[1] ?? "";
  return JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as Claims;
}

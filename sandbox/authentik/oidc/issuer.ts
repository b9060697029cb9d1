/** The issuer: what Authentik says it is depends on how it was asked. */
import type { ProviderRow } from "../model";

/**
 * The issuer of a provider for a request that came in on `origin`: `<origin>/application/o/<slug>/`,
 * or just `<origin>/` in issuer mode "global".
 */
export function issuerOf(provider: ProviderRow, slug: string, origin: string): string {
  return provider.issuer_mode === "global" ? `${origin}/` : `${origin}/application/o/${slug}/`;
}

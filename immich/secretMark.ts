import { createHash } from "node:crypto";

import { isSecret } from "./keys";
import type { Settings } from "./types";

/**
 * Four hexadecimal digits of a secret's digest, so that a preview can show that it changes. They tell
 * 16 bits at most: of a million guesses they rule out all but fifteen, and of a generated secret nothing
 * that helps. One change in 65536 keeps its mark; it is made all the same.
 */
export function secretMark(secret: unknown): string {
  const digest = createHash("sha256").update(`immich-authentik-sso ${JSON.stringify(secret)}`);
  return `secret #${digest.digest("hex").slice(0, 4)}`;
}

/** The marks of those settings that are secret, by Immich's names. */
export function secretMarks(settings: Settings): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings)
      .filter(([key]) => isSecret(key))
      .map(([key, value]) => [key, secretMark(value)]),
  );
}

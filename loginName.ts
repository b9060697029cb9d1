import { createHash } from "node:crypto";

/** A PostgreSQL role name for a stack: 63 bytes at most, quoting never needed, another one for each stack. */
export function loginName(stack: string): string {
  const plain = stack.toLowerCase().replace(/[^a-z0-9]+/g, "_");
  const suffix = createHash("sha256").update(stack).digest("hex").slice(0, 6);
  const name = plain === stack && plain.length <= 52 ? plain : `${plain.slice(0, 45)}_${suffix}`;
  return `immich_sso_${name}`;
}

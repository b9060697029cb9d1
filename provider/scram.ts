import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

/** Rounds of PBKDF2, as PostgreSQL itself takes (`scram_iterations`). */
const ROUNDS = 4096;

/**
 * What PostgreSQL keeps of a password (RFC 5802; pg_authid.rolpassword). Sent in the place of the password, it leaves none
 * in the server's log or in pg_stat_activity.
 *
 * @param password printable ASCII, which needs no SASLprep
 */
export function scramVerifier(password: string, salt: Buffer = randomBytes(16)): string {
  const salted = pbkdf2Sync(password, salt, ROUNDS, 32, "sha256");
  const hmac = (text: string) => createHmac("sha256", salted).update(text).digest();
  const stored = createHash("sha256").update(hmac("Client Key")).digest("base64");
  const server = hmac("Server Key").toString("base64");
  return `SCRAM-SHA-256$${ROUNDS}:${salt.toString("base64")}$${stored}:${server}`;
}

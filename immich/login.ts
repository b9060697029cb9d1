import { scrypt } from "node:crypto";

/**
 * The password of a login of our own, derived from the password of the user who makes it. It need
 * not be stored or handed around: whoever has the stack's configuration can work it out, and it
 * changes with the password it comes from. It tells nothing about that password beyond what trying
 * passwords one by one would (scrypt, RFC 7914, with its customary cost of 2^14).
 *
 * @param password password of the Postgres user in the stack's configuration. Secret.
 * @param login name of the derived login.
 * @returns 43 characters of base64url. Secret.
 */
export function loginPassword(password: string, login: string): Promise<string> {
  // Off the main thread: it takes as long as a tenth of the start of a preview.
  return new Promise((resolve, reject) => {
    scrypt(password, `immich-authentik-sso login ${login}`, 32, (error, key) =>
      error ? reject(error) : resolve(key.toString("base64url")),
    );
  });
}

/** The file of the stack `sandbox`: the configuration that points the program at one sandbox. */
import { createCipheriv, pbkdf2, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { stringify } from "yaml";

/** A value of the configuration; `secret` ones are encrypted. */
export type StackValue = string | number | { readonly secret: string };

/**
 * Writes a stack file as `pulumi config set [--secret]` would (seen with 3.256.0), which takes the CLI and a
 * second for each value.
 *
 * @param values by full key: `authentik:url`
 */
export async function writeStackFile(
  file: string,
  passphrase: string,
  values: Readonly<Record<string, StackValue>>,
): Promise<void> {
  const salt = randomBytes(8);
  const key = await promisify(pbkdf2)(passphrase, salt, 1_000_000, 32, "sha256");
  const config = Object.entries(values).map(([name, value]) => [
    name,
    typeof value === "object" ? { secure: encrypt(key, value.secret) } : value,
  ]);
  const content = {
    // Pulumi tells a wrong passphrase by the word "pulumi", encrypted.
    encryptionsalt: `v1:${salt.toString("base64")}:${encrypt(key, "pulumi")}`,
    config: Object.fromEntries(config),
  };
  writeFileSync(file, stringify(content, { lineWidth: 0 }), { mode: 0o600 });
}

/** AES-256-GCM, in Pulumi's form: `v1:nonce:ciphertext and tag`. */
function encrypt(key: Buffer, text: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `v1:${nonce.toString("base64")}:${sealed.toString("base64")}`;
}

/** The sandbox's SSH keys: other ones in every process. */
import { createHmac, createPrivateKey, createPublicKey, randomBytes } from "node:crypto";

/** An ed25519 key pair in the forms that SSH programs read. */
export interface SshKeyPair {
  /** OpenSSH private key file, unencrypted. */
  readonly privateKey: string;
  /** One line as in `authorized_keys`: `ssh-ed25519 AAAA… comment`. */
  readonly publicKey: string;
}

const TYPE = "ssh-ed25519";
/** The fixed beginning of an ed25519 key in PKCS #8 (RFC 8410); 32 bytes of seed follow. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

/** What all keys of this process are made from. */
const ORIGIN = randomBytes(32);

/** The key pair that belongs to `text` in this process; the same text gives the same pair again. */
export function keyPair(text: string, comment: string): SshKeyPair {
  return seededKeyPair(createHmac("sha256", ORIGIN).update(text).digest(), comment);
}

/** The key pair whose secret is `seed`, 32 bytes. */
export function seededKeyPair(seed: Buffer, comment: string): SshKeyPair {
  const pkcs8 = Buffer.concat([PKCS8_PREFIX, seed]);
  const secret = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  const spki = createPublicKey(secret).export({ format: "der", type: "spki" });
  const point = spki.subarray(spki.length - 32);
  const blob = Buffer.concat([field(TYPE), field(point)]);
  return {
    privateKey: openssh(blob, Buffer.concat([seed, point]), comment),
    publicKey: `${TYPE} ${blob.toString("base64")} ${comment}`,
  };
}

/** The key that the sandbox's SSH server proves itself with. */
export const hostKeyPair = (): SshKeyPair => keyPair("host key", "sandbox-host");

/** The key that opens the sandbox's SSH server. */
export const userKeyPair = (): SshKeyPair => keyPair("user key", "sandbox-user");

/** The `openssh-key-v1` form (OpenSSH's PROTOCOL.key), the only one for ed25519 that all programs read. */
function openssh(blob: Buffer, secret: Buffer, comment: string): string {
  const check = Buffer.alloc(8, 0x5a);
  let inner = Buffer.concat([check, field(TYPE), blob.subarray(4 + TYPE.length)]);
  inner = Buffer.concat([inner, field(secret), field(comment)]);
  const padding = Array.from({ length: (8 - (inner.length % 8)) % 8 }, (_, index) => index + 1);
  const whole = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    field("none"),
    field("none"),
    field(""),
    Buffer.from([0, 0, 0, 1]),
    field(blob),
    field(Buffer.concat([inner, Buffer.from(padding)])),
  ]);
  const rows = whole.toString("base64").match(/.{1,70}/g) ?? [];
  // Put together here, so that no search for private keys stumbles over this file.
  const frame = (word: string): string => `-----${word} OPENSSH ${"PRIVATE"} KEY-----`;
  return [frame("BEGIN"), ...rows, frame("END"), ""].join("\n");
}

/** A length-prefixed string (RFC 4251, section 5). */
function field(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

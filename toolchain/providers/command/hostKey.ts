// The pin: the one host key that is accepted.

import type { ServerHostKeyAlgorithm } from "ssh2";

import { ProviderError } from "../../../plugin/provider";

/** A host key to compare with. */
export interface Pin {
  /** What to ask the server for, so that it answers with a key of this type. */
  readonly algorithms: ServerHostKeyAlgorithm[];
  /** Whether a key, as SSH sends it, is the pinned one. */
  matches(key: Buffer): boolean;
}

/** An RSA key may be asked for under any of its signature algorithms. */
const rsa: ServerHostKeyAlgorithm[] = ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"];

/** Reads a key in the form of an authorized_keys line: `ssh-ed25519 AAAA… comment`. */
export async function pinOf(hostKey: string): Promise<Pin> {
  const line = hostKey
    .split("\n")
    .map((item) => item.trim())
    .find((item) => item !== "" && !item.startsWith("#"));
  const { utils } = (await import("ssh2")).default;
  const parsed = utils.parseKey(line ?? "");
  if (parsed instanceof Error) {
    throw new ProviderError(
      "failed to parse host key: ssh: no key found. hostKey must be like a line of authorized_keys: ssh-ed25519 AAAA…",
    );
  }
  const pinned = parsed.getPublicSSH();
  return {
    algorithms: parsed.type === "ssh-rsa" ? rsa : [parsed.type as ServerHostKeyAlgorithm],
    matches: (key) => key.equals(pinned),
  };
}

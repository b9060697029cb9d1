import { type ParsedKey, utils } from "ssh2";

import { said } from "./errors";

/** What is wrong with a private key. */
export interface BadKey {
  /** It is a public key; its passphrase is missing or not the right one; or it is in no form that can be read. */
  readonly problem: "public" | "passphrase" | "form";
  /** The end of the sentence "the key …"; never any of its text. */
  readonly why: string;
}

/** Parses a private key in OpenSSH or PEM form. */
export function parsePrivateKey(text: string, passphrase: string | undefined): ParsedKey | BadKey {
  const parsed: ParsedKey | ParsedKey[] | Error = utils.parseKey(
    text.trim().replace(/\r\n?/g, "\n") + "\n",
    passphrase,
  );
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key instanceof Error || key === undefined)
    return whyUnreadable(key?.message ?? "", passphrase !== undefined);
  if (key.isPrivateKey()) return key;
  return { problem: "public", why: "is a public key; the private one is needed" };
}

/** @param message ssh2's */
function whyUnreadable(message: string, hasPassphrase: boolean): BadKey {
  const bad = (problem: BadKey["problem"], why: string): BadKey => ({ problem, why });
  if (/no passphrase given/i.test(message))
    return bad("passphrase", "is encrypted and sshPrivateKeyPassphrase is not set");
  if (hasPassphrase && /passphrase|integrity|decrypt|Malformed|bad/i.test(message)) {
    return bad("passphrase", "cannot be decrypted: sshPrivateKeyPassphrase is not its passphrase");
  }
  if (/Unsupported key format/i.test(message)) {
    return bad(
      "form",
      "is in no form that can be read (wanted: the OpenSSH form, the whole file with its BEGIN and END lines)",
    );
  }
  return bad("form", `cannot be read (${said(message)})`);
}

import { type ParsedKey, utils } from "ssh2";

import { said } from "./errors";

/**
 * Parses a private key in OpenSSH or PEM form.
 *
 * @returns the key, or what is wrong with it as the end of the sentence "the key …"; never any of its text
 */
export function parsePrivateKey(text: string, passphrase: string | undefined): ParsedKey | string {
  const parsed: ParsedKey | ParsedKey[] | Error = utils.parseKey(
    text.trim().replace(/\r\n?/g, "\n") + "\n",
    passphrase,
  );
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key instanceof Error || key === undefined)
    return whyUnreadable(key?.message ?? "", passphrase !== undefined);
  return key.isPrivateKey() ? key : "is a public key; the private one is needed";
}

function whyUnreadable(message: string, hasPassphrase: boolean): string {
  if (/no passphrase given/i.test(message))
    return "is encrypted and sshPrivateKeyPassphrase is not set";
  if (hasPassphrase && /passphrase|integrity|decrypt|Malformed|bad/i.test(message)) {
    return "cannot be decrypted: sshPrivateKeyPassphrase is not its passphrase";
  }
  if (/Unsupported key format/i.test(message)) {
    return "is in no form that can be read (wanted: the OpenSSH form, the whole file with its BEGIN and END lines)";
  }
  return `cannot be read (${said(message)})`;
}

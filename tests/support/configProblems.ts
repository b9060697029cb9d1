/** The tutorial's configuration with changes, and what is wrong with it then. */
import { utils } from "ssh2";

import { ConfigError, type ConfigProblem, PROJECT, readConfig } from "../../config";
import { configValues, HOMELAB_SECRETS } from "../stackFile";

/** Name of the stack: one that has to be quoted. */
export const STACK = "it's";
/** A private key with the passphrase `phrase-canary`. */
export const lockedKey = utils.generateKeyPairSync("ed25519", {
  passphrase: "phrase-canary",
  cipher: "aes256-ctr",
  rounds: 4,
});

/** A key with its namespace. */
export const full = (name: string) => (name.includes(":") ? name : `${PROJECT}:${name}`);

/** What is wrong with the tutorial's configuration when `more` is set; no message holds a secret. */
export function problemsOf(more: Record<string, unknown>): readonly ConfigProblem[] {
  const named = Object.entries(more).map(([name, value]) => [full(name), value]);
  const values = configValues("homelab", { ...HOMELAB_SECRETS, ...Object.fromEntries(named) });
  try {
    readConfig({ get: (name) => values[name], keys: () => Object.keys(values), stack: STACK });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.message).not.toContain("canary");
    expect(error.message).toContain("nothing was touched");
    return error.problems;
  }
  return [];
}

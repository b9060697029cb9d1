/** The sandbox's secrets: new in every run, so that nothing in this repository opens one that runs. */
import { randomBytes } from "node:crypto";

/** A secret that a person can select by a double click and that no shell has to quote: 128 bits. */
export const newSecret = (): string => randomBytes(16).toString("hex");

/** Everything that opens something in one sandbox. */
export interface Secrets {
  /** API token of Authentik's user akadmin. */
  readonly authentikToken: string;
  /** Password of that user. */
  readonly akadminPassword: string;
  /** Bearer token of Authentik's own `/sandbox/` controls. */
  readonly authentikControl: string;
  /** PostgreSQL superuser's password. */
  readonly postgresPassword: string;
  /** Password of Immich's first user. */
  readonly immichAdminPassword: string;
  /** That user's API key for Immich: it may read and change the settings. */
  readonly immichApiKey: string;
  /** Bearer token of Immich's own `/sandbox/` controls. */
  readonly immichControl: string;
  /** Passphrase of the stack's secrets. */
  readonly passphrase: string;
}

/** New ones. @param wanted secrets that a test wants to recognise */
export function newSecrets(wanted: {
  readonly authentikToken?: string;
  readonly postgresPassword?: string;
}): Secrets {
  return {
    authentikToken: wanted.authentikToken ?? newSecret(),
    akadminPassword: newSecret(),
    authentikControl: newSecret(),
    postgresPassword: wanted.postgresPassword ?? newSecret(),
    immichAdminPassword: newSecret(),
    immichApiKey: newSecret(),
    immichControl: newSecret(),
    passphrase: newSecret(),
  };
}

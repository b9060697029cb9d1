import * as pulumi from "@pulumi/pulumi";

import { ResourceOnDisk } from "./dynamic/onDisk";

export interface SettingsSnapshotArgs {
  /** Which database, in words; another one is remembered anew. */
  readonly database: string;
  /** Table of the settings. */
  readonly store: string;
  /** Postgres login. Its password comes from the stack's configuration. */
  readonly login: string;
  /** Immich's names of the settings to remember: `oauth.clientId`. */
  readonly keys: readonly string[];
}

/**
 * Remembers what settings were before they are changed, so that they can be put back. It only reads,
 * and is in Pulumi's state before anything is written: a deployment that dies at any later point
 * still knows what to restore. A key is remembered when it enters the list.
 */
export class SettingsSnapshot extends ResourceOnDisk {
  /** By key: whether it was set, and its value. Secret, as an earlier client secret may be in it. */
  declare readonly previous: pulumi.Output<Record<string, { present: boolean; value?: unknown }>>;
  /** Immich's version as its public API tells it, empty where it can't be asked. */
  declare readonly immichVersion: pulumi.Output<string>;

  constructor(name: string, args: SettingsSnapshotArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      "components/dynamic/settingsSnapshot.ts",
      "SettingsSnapshot",
      name,
      { ...args, previous: undefined, immichVersion: undefined },
      { ...opts, additionalSecretOutputs: ["previous"] },
    );
  }
}

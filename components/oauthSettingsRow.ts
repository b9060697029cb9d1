import * as pulumi from "@pulumi/pulumi";

import { isSecret } from "../immich/keys";
import { secretMark } from "../immich/secretMark";
import { ResourceOnDisk } from "./dynamic/onDisk";

/** A value of an Immich setting. */
export type SettingValue = string | number | boolean;

export interface OauthSettingsRowArgs {
  /** Which database, in words; in another one the settings are written anew. */
  readonly database: string;
  /** Table of the settings: `system_metadata` or `system_config`. */
  readonly store: string;
  /** Postgres login. Its password comes from the stack's configuration. */
  readonly login: string;
  /** The settings to have, by Immich's names. Every other one is left alone. */
  readonly settings: Record<string, pulumi.Input<SettingValue>>;
  /** Settings to have where this version of Immich knows them. Others are left out. */
  readonly whereKnown?: Record<string, pulumi.Input<SettingValue>>;
  /** What to restore on removal: `SettingsSnapshot.previous`. */
  readonly previous: pulumi.Input<Record<string, unknown>>;
}

/** Settings of Immich, as rows of its own Postgres. */
export class OauthSettingsRow extends ResourceOnDisk {
  /** When the settings last changed, by the database's clock (ISO 8601). */
  declare readonly settingsChangedAt: pulumi.Output<string>;
  /** Immich's version as its public API tells it, empty where it can't be asked. */
  declare readonly immichVersion: pulumi.Output<string>;
  /** Keys of `whereKnown` that this Immich does not know. */
  declare readonly skipped: pulumi.Output<string[]>;

  constructor(name: string, args: OauthSettingsRowArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      "components/dynamic/oauthSettingsRow.ts",
      "OauthSettingsRow",
      name,
      {
        ...args,
        secretMarks: marks(args.settings),
        settingsChangedAt: undefined,
        immichVersion: undefined,
        skipped: undefined,
      },
      // The values written last, and what is to be restored: client secrets are among them.
      { ...opts, additionalSecretOutputs: ["deployed", "restores"] },
    );
  }
}

/** Pulumi shows a secret as `[secret]`, changed or not: a mark of each makes a change a line of its own. */
function marks(settings: OauthSettingsRowArgs["settings"]): Record<string, pulumi.Output<string>> {
  return Object.fromEntries(
    Object.entries(settings)
      .filter(([key]) => isSecret(key))
      .map(([key, value]) => [key, pulumi.unsecret(pulumi.output(value).apply(secretMark))]),
  );
}

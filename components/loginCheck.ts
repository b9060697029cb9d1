import * as pulumi from "@pulumi/pulumi";

import { ResourceOnDisk } from "./dynamic/onDisk";

export interface LoginCheckArgs {
  /** `fail`: a login that would not work fails the deployment; `warn`: it is only said. */
  readonly mode: "fail" | "warn";
  /** Address of Authentik as browsers reach it. */
  readonly authentikPublicUrl: string;
  readonly applicationSlug: string;
  readonly issuerUrl: pulumi.Input<string>;
  readonly clientId: pulumi.Input<string>;
  /** Secret. */
  readonly clientSecret: pulumi.Input<string>;
  readonly scopes: pulumi.Input<pulumi.Input<string>[]>;
  readonly redirectUris: pulumi.Input<pulumi.Input<string>[]>;
  /** Origin of Immich as browsers reach it. */
  readonly immichUrl: string;
  /** Groups that may log in. Default: everybody. */
  readonly accessGroups?: readonly string[];
  /** The settings that were deployed, by Immich's names. */
  readonly settings: Record<string, pulumi.Input<string | number | boolean>>;
  /** When the settings last changed; the checks run again when this does. */
  readonly settingsChangedAt: pulumi.Input<string>;
  /** The Postgres login that reads the settings. */
  readonly login: string;
  /** The restart policy of the stack. */
  readonly restart: "onChange" | "whenNeeded" | "never";
  /** Name of the stack, for the commands in the fixes. */
  readonly stack: string;
}

/**
 * Proves that a login would work, without anybody's password, and names what is in the way where it
 * would not. Runs when anything it depends on changed, on refresh, and again while it is not proven.
 */
export class LoginCheck extends ResourceOnDisk {
  /** By check: `ok`, or the verdict with what was seen and the fix. */
  declare readonly checks: pulumi.Output<Record<string, string>>;

  constructor(name: string, args: LoginCheckArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      "components/dynamic/loginCheck.ts",
      "LoginCheck",
      name,
      { ...args, checks: undefined },
      // The row itself shows which settings change.
      { ...opts, hideDiffs: ["settings"] },
    );
  }
}

/**
 * The resources of the provider `immich` for programs in TypeScript. Names, arguments and outputs are those of its schema
 * (schema.ts); a test holds the two together.
 */
import * as pulumi from "@pulumi/pulumi";

/** A setting's value as Immich keeps it. */
export type SettingValue = string | number | boolean | null;

/** How one Immich is reached: over SSH to its database, or through its own API. */
export interface ProviderArgs {
  /** `database`, `api` or `file`. Default: database. */
  settingsThrough?: string;
  /** Secret. An administrator's API key. Required with `settingsThrough: api`. */
  apiKey?: pulumi.Input<string>;
  /** Where Immich's own API answers. Required with `settingsThrough` `api` and `file`. Default: it is not asked. */
  apiUrl?: pulumi.Input<string>;
  /** Name of the stack, for the commands in messages. Default: none is named. */
  stack?: pulumi.Input<string>;
  /** Host that Immich's containers run on. Required over SSH, as are `sshUser`, `sshHostKey`, `postgresPassword`, `tunnelPort`. */
  sshHost?: pulumi.Input<string>;
  /** Default: 22. */
  sshPort?: pulumi.Input<number>;
  /** A user who may use the container runtime. */
  sshUser?: pulumi.Input<string>;
  /** The host's public keys, one a line: `ssh-ed25519 AAAA…`. Without one nothing is dialled. */
  sshHostKey?: pulumi.Input<string>;
  /** Secret. Default: the SSH agent is asked. */
  sshPrivateKey?: pulumi.Input<string>;
  /** Secret. Passphrase of the private key. Default: none. */
  sshPrivateKeyPassphrase?: pulumi.Input<string>;
  /** Socket of the SSH agent. Default: `SSH_AUTH_SOCK`. */
  sshAgentSocket?: pulumi.Input<string>;
  /** A host on the way. Default: none. */
  sshJumpHost?: pulumi.Input<string>;
  /** Default: 22. */
  sshJumpPort?: pulumi.Input<number>;
  /** Default: `sshUser`. */
  sshJumpUser?: pulumi.Input<string>;
  /** The jump host's public keys. Required with `sshJumpHost`. */
  sshJumpHostKey?: pulumi.Input<string>;
  /** `docker`, `podman`, `sudo -n docker` or `sudo -n podman`. Default: docker. */
  containerRuntime?: pulumi.Input<string>;
  /** Name of PostgreSQL's container. Default: immich_postgres. */
  postgresContainer?: pulumi.Input<string>;
  /** PostgreSQL's port in its container. Default: 5432. */
  postgresPort?: pulumi.Input<number>;
  /** Immich's database. Default: immich. */
  postgresDatabase?: pulumi.Input<string>;
  /** A user who may read and write Immich's tables and make roles. Default: postgres. */
  postgresUser?: pulumi.Input<string>;
  /** Secret. */
  postgresPassword?: pulumi.Input<string>;
  /** Directory of Immich's Compose file. Default: /opt/immich. */
  composeDirectory?: pulumi.Input<string>;
  /** Immich's service in that file. Default: immich-server. */
  composeService?: pulumi.Input<string>;
  /** Loopback port of the tunnel to PostgreSQL, one for each Immich and stack. */
  tunnelPort?: pulumi.Input<number>;
  /** `databaseId` of the database, or the address of the API, whose data were moved to the one that is reached now. Default: none. */
  databaseMovedFrom?: pulumi.Input<string>;
}

const SECRET_CONFIGURATION = [
  "apiKey",
  "sshPrivateKey",
  "sshPrivateKeyPassphrase",
  "postgresPassword",
];

/** One Immich and the way to it. */
export class Provider extends pulumi.ProviderResource {
  constructor(name: string, args: ProviderArgs, opts?: pulumi.ResourceOptions) {
    const entries = Object.entries(args).map(([key, value]) => {
      const text = pulumi
        .output(value as pulumi.Input<string | number | undefined>)
        .apply((given) => (given === undefined ? undefined : String(given)));
      return [key, SECRET_CONFIGURATION.includes(key) ? pulumi.secret(text) : text] as const;
    });
    super("immich", name, Object.fromEntries(entries), opts);
  }
}

export interface SettingsSnapshotArgs {
  /** Immich's names of the settings to remember: `oauth.clientId`. */
  keys: pulumi.Input<pulumi.Input<string>[]>;
  /** Table of the settings: `system_metadata` or `system_config`; `api` through the API. Default: system_metadata, or api. */
  store?: pulumi.Input<string>;
  /** Whether the Compose service is going to be restarted, and so looked at. Default: true. */
  restarts?: pulumi.Input<boolean>;
  /** A PostgreSQL role that is going to be made for the settings: looks whether it can be. Default: none. */
  makesLogin?: pulumi.Input<string>;
}

/** Looks at everything before anything is touched, and remembers what Immich's settings were. */
export class SettingsSnapshot extends pulumi.CustomResource {
  /** By setting, what was stored. Secret. */
  declare readonly previous: pulumi.Output<Record<string, unknown>>;
  /** Immich's version as its public API tells it, empty where it can't be asked. */
  declare readonly immichVersion: pulumi.Output<string>;
  /** Which database it is, however it was reached; the address of an API. */
  declare readonly databaseId: pulumi.Output<string>;

  constructor(name: string, args: SettingsSnapshotArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = {
      database: undefined,
      service: undefined,
      previous: undefined,
      immichVersion: undefined,
    };
    super(
      "immich:index:SettingsSnapshot",
      name,
      { ...args, ...outputs, databaseId: undefined },
      { ...formerly("SettingsSnapshot", opts), additionalSecretOutputs: ["previous"] },
    );
  }
}

export interface SettingsArgs {
  /** The settings to have, by Immich's names: `oauth.clientId`. */
  settings: pulumi.Input<Record<string, pulumi.Input<SettingValue>>>;
  /** Settings to have where this version of Immich knows them. Default: none. */
  whereKnown?: pulumi.Input<Record<string, pulumi.Input<SettingValue>>>;
  /** What a `SettingsSnapshot` remembers. Secret. Default: what is there when they are first written. */
  previous?: pulumi.Input<Record<string, unknown>>;
  /** `databaseId` of that snapshot. */
  databaseId?: pulumi.Input<string>;
  /** Table of the settings: `system_metadata` or `system_config`; `api` through the API. Default: system_metadata, or api. */
  store?: pulumi.Input<string>;
  /** PostgreSQL role that writes them. Default: the provider's `postgresUser`. */
  login?: pulumi.Input<string>;
  /**
   * Whether the OAuth client of these settings stays when they are removed: settings of before that were of the same
   * client are put back then, with its secret of now; else Immich's defaults are. Default: false.
   */
  clientStays?: pulumi.Input<boolean>;
  /** When Immich is restarted after the settings were put back: always, whenNeeded, never. Default: whenNeeded. */
  restartOnDelete?: pulumi.Input<string>;
  /** How long it may take to be healthy again then, in seconds. Default: 120. */
  restartTimeoutSeconds?: pulumi.Input<number>;
}

/** Settings of Immich: those that are given, and no others. */
export class Settings extends pulumi.CustomResource {
  /** When the settings last changed, by the database's clock, or this machine's through the API (ISO 8601). */
  declare readonly settingsChangedAt: pulumi.Output<string>;
  /** Immich's version as its public API tells it, empty where it can't be asked. */
  declare readonly immichVersion: pulumi.Output<string>;
  /** Settings of `whereKnown` that this Immich does not know. */
  declare readonly skipped: pulumi.Output<string[]>;

  constructor(name: string, args: SettingsArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      "immich:index:Settings",
      name,
      { ...args, settingsChangedAt: undefined, immichVersion: undefined, skipped: undefined },
      {
        ...formerly("OauthSettingsRow", opts),
        additionalSecretOutputs: ["previous", "deployed", "restores"],
      },
    );
  }
}

export interface LoginCheckArgs {
  /** `fail`: a login that would not work fails the deployment; `warn`: it is only said. Default: fail. */
  mode?: pulumi.Input<string>;
  /** Address of Authentik's API, without a slash at the end. */
  authentikUrl: pulumi.Input<string>;
  /** Secret. A token for Authentik's API. Default: what only the API can tell stays unknown. */
  authentikToken?: pulumi.Input<string>;
  /** Address of Authentik as browsers reach it. Default: `authentikUrl`. */
  authentikPublicUrl?: pulumi.Input<string>;
  applicationSlug: pulumi.Input<string>;
  issuerUrl: pulumi.Input<string>;
  clientId: pulumi.Input<string>;
  /** Secret. Default: it is not tried. */
  clientSecret?: pulumi.Input<string>;
  scopes: pulumi.Input<pulumi.Input<string>[]>;
  redirectUris: pulumi.Input<pulumi.Input<string>[]>;
  /** Origin of Immich as browsers reach it. */
  immichUrl: pulumi.Input<string>;
  /** Where Authentik is to tell of the end of a session. Default: that is not checked. */
  logoutUri?: pulumi.Input<string | undefined>;
  /** Groups that may log in. Default: everybody. */
  accessGroups?: pulumi.Input<pulumi.Input<string>[]>;
  /** Groups whose members alone are told to be administrators. Default: nobody's rights are taken away. */
  soleAdminGroups?: pulumi.Input<pulumi.Input<string>[]>;
  /** The settings that were deployed, by Immich's names. */
  settings: pulumi.Input<Record<string, pulumi.Input<SettingValue>>>;
  /** When they last changed; the checks run again when this does. */
  settingsChangedAt?: pulumi.Input<string>;
  /** Whether login by password is to be on; before it goes off, an administrator must be able to come in by OAuth. */
  passwordLogin?: pulumi.Input<boolean>;
  /** Table of the settings. Default: system_metadata. */
  store?: pulumi.Input<string>;
  /** The restart policy: onChange, whenNeeded, never. Default: onChange. */
  restart?: pulumi.Input<string>;
  /** Name of the stack, for the commands in the fixes. Default: none is named. */
  stack?: pulumi.Input<string>;
}

/** Proves that a login would work, without anybody's password, and names what is in the way where it would not. */
export class LoginCheck extends pulumi.CustomResource {
  /** By check: `ok`, or the verdict with what was seen and the fix. */
  declare readonly checks: pulumi.Output<Record<string, string>>;
  /** Whether nothing is broken. */
  declare readonly ok: pulumi.Output<boolean>;

  constructor(name: string, args: LoginCheckArgs, opts?: pulumi.CustomResourceOptions) {
    const token = args.authentikToken && pulumi.secret(args.authentikToken);
    super(
      "immich:index:LoginCheck",
      name,
      { ...args, authentikToken: token, checks: undefined, ok: undefined },
      // The settings resource itself shows which of them change.
      { ...formerly("LoginCheck", opts), hideDiffs: ["settings"] },
    );
  }
}

/** Where Immich's PostgreSQL is found from here: what `@pulumi/postgresql`'s provider takes. */
export class PostgresTunnel extends pulumi.CustomResource {
  declare readonly host: pulumi.Output<string>;
  declare readonly port: pulumi.Output<number>;
  declare readonly sslmode: pulumi.Output<string>;
  declare readonly sslrootcert: pulumi.Output<string>;

  constructor(
    name: string,
    _args: Record<string, never> = {},
    opts?: pulumi.CustomResourceOptions,
  ) {
    const outputs = { host: undefined, port: undefined, sslmode: undefined };
    super("immich:index:PostgresTunnel", name, { ...outputs, sslrootcert: undefined }, opts);
  }
}

/** What version 0.1 made with a dynamic provider goes on as this. */
function formerly(
  type: string,
  opts: pulumi.CustomResourceOptions | undefined,
): pulumi.CustomResourceOptions {
  const alias = { type: `pulumi-nodejs:dynamic/immich-sso:${type}` };
  return { ...opts, aliases: [...(opts?.aliases ?? []), alias] };
}

import { Grant } from "@pulumi/postgresql/grant";
import { Provider } from "@pulumi/postgresql/provider";
import { Role } from "@pulumi/postgresql/role";
import * as pulumi from "@pulumi/pulumi";

import { loginPassword } from "../immich/login";
import {
  PostgresTunnel,
  type ProviderArgs,
  Settings,
  SettingsSnapshot,
  type SettingValue,
} from "../provider/sdk";

export interface ImmichOauthSettingsArgs {
  /** How Immich's PostgreSQL is reached: the arguments of the provider `immich` that this component is given. */
  immich: ProviderArgs;
  /** Table of the settings: `system_metadata` or `system_config`. Default: system_metadata. */
  store?: string;
  /** A PostgreSQL role to make and use, with access to the settings table alone. Default: none is made. */
  dedicatedLogin?: pulumi.Input<string>;
  /** What has to be there before the role is made: what is refused there leaves no role behind. Default: nothing. */
  after?: pulumi.Resource[];
  /** A PostgreSQL role that is there already, to use. Default: the provider's `postgresUser`. */
  login?: pulumi.Input<string>;
  /** The settings to have, by Immich's names: `oauth.clientId`. */
  settings: Record<string, pulumi.Input<SettingValue>>;
  /** Settings to have where this version of Immich knows them. Default: none. */
  whereKnown?: Record<string, pulumi.Input<SettingValue>>;
  /** What a snapshot of these settings remembers. Default: one is made. */
  snapshot?: SettingsSnapshot;
  /** Whether the OAuth client of the settings stays in Authentik when they are removed. Default: false. */
  clientStays?: boolean;
  /** When Immich is restarted after the settings were put back: always, whenNeeded, never. Default: whenNeeded. */
  restartOnDelete?: string;
  /** How long it may take to be healthy again then, in seconds. Default: 120. */
  restartTimeoutSeconds?: pulumi.Input<number>;
}

/** Immich's settings in its own PostgreSQL, and the login that writes them. Takes a provider `immich`. */
export class ImmichOauthSettings extends pulumi.ComponentResource {
  /** When the settings last changed (ISO 8601). */
  readonly settingsChangedAt: pulumi.Output<string>;
  /** Immich's version, empty where it can't be asked. */
  readonly immichVersion: pulumi.Output<string>;
  /** The PostgreSQL role that reads and writes the settings; empty for the provider's own. */
  readonly login: pulumi.Output<string>;

  constructor(name: string, args: ImmichOauthSettingsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("immich-sso:index:ImmichOauthSettings", name, {}, opts);
    const child = { parent: this };
    const { store = "system_metadata", settings, whereKnown, restartOnDelete } = args;
    const snapshot =
      args.snapshot ??
      settingsSnapshot(name, { ...args, restarts: restartOnDelete !== "never" }, child);
    const made = args.dedicatedLogin
      ? this.makeLogin(name, args.dedicatedLogin, store, args.immich, snapshot, args.after ?? [])
      : undefined;
    this.login = pulumi.output(made?.login ?? args.login ?? "");
    const row = new Settings(
      `${name}-row`,
      {
        store,
        login: this.login,
        settings,
        ...(whereKnown ? { whereKnown } : {}),
        previous: snapshot.previous,
        databaseId: snapshot.databaseId,
        clientStays: args.clientStays,
        restartOnDelete,
        restartTimeoutSeconds: args.restartTimeoutSeconds,
      },
      { ...child, dependsOn: made ? [snapshot, made.grant] : [snapshot] },
    );
    this.settingsChangedAt = row.settingsChangedAt;
    this.immichVersion = row.immichVersion;
    this.registerOutputs({ settingsChangedAt: this.settingsChangedAt });
  }

  /** A PostgreSQL role that may read and write the settings table and do nothing else. */
  private makeLogin(
    name: string,
    login: pulumi.Input<string>,
    store: string,
    immich: ProviderArgs,
    snapshot: SettingsSnapshot,
    after: pulumi.Resource[],
  ): { login: pulumi.Output<string>; grant: Grant } {
    const child = { parent: this };
    const tunnel = new PostgresTunnel(`${name}-tunnel`, {}, child);
    const database = immich.postgresDatabase ?? "immich";
    // What the look refuses does not come into the state: a destroy goes by what is there.
    const seen = <T>(value: pulumi.Input<T>): pulumi.Output<T> =>
      pulumi.all([value, snapshot.databaseId]).apply(([known]) => known) as pulumi.Output<T>;
    const provider = new Provider(
      `${name}-postgres`,
      {
        host: tunnel.host,
        port: tunnel.port,
        sslmode: tunnel.sslmode,
        sslrootcert: tunnel.sslrootcert,
        username: seen(immich.postgresUser ?? "postgres"),
        password: pulumi.secret(seen(immich.postgresPassword ?? "")),
        database: seen(database),
        connectTimeout: 30,
      },
      child,
    );
    const password = pulumi
      .all([immich.postgresPassword ?? "", login])
      .apply(([source, of]) => loginPassword(source, of));
    const role = new Role(
      `${name}-login`,
      { name: login, login: true, password: pulumi.secret(password) },
      // Its name is what Pulumi finds it by, and an update can't change that.
      {
        ...child,
        provider,
        dependsOn: [snapshot, ...after],
        replaceOnChanges: ["name"],
        deleteBeforeReplace: true,
      },
    );
    const grant = new Grant(
      `${name}-grant`,
      {
        role: role.name,
        database,
        schema: "public",
        objectType: "table",
        objects: [store],
        privileges: ["DELETE", "INSERT", "SELECT", "UPDATE"], // in the order in which they are read back
      },
      // A login that is dropped loses its grants. To revoke them one by one fails where an upgrade of
      // Immich has taken the table away (system_config, 1.106 and later).
      { ...child, provider, retainOnDelete: true },
    );
    return { login: role.name, grant };
  }
}

/** Remembers the settings that a component is going to own. */
export function settingsSnapshot(
  name: string,
  args: Pick<ImmichOauthSettingsArgs, "store" | "settings" | "whereKnown" | "dedicatedLogin"> & {
    /** Whether Immich is going to be restarted: its Compose service is looked at then. */
    readonly restarts: boolean;
  },
  opts: pulumi.CustomResourceOptions,
): SettingsSnapshot {
  return new SettingsSnapshot(
    `${name}-before`,
    {
      store: args.store,
      keys: Object.keys({ ...args.settings, ...args.whereKnown }).sort(),
      restarts: args.restarts,
      ...(args.dedicatedLogin ? { makesLogin: args.dedicatedLogin } : {}),
    },
    opts,
  );
}

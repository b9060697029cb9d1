import { Grant } from "@pulumi/postgresql/grant";
import { Provider } from "@pulumi/postgresql/provider";
import { Role } from "@pulumi/postgresql/role";
import * as pulumi from "@pulumi/pulumi";

import { loginPassword } from "../immich/login";
import { OauthSettingsRow, type SettingValue } from "./oauthSettingsRow";
import { SettingsSnapshot } from "./settingsSnapshot";

/** Immich's Postgres and who logs in to it. */
export interface ImmichDatabaseArgs {
  /** Which database, in words: shown in previews and errors. */
  readonly description: string;
  /** Name of the database. */
  readonly database: string;
  /** Table of the settings. */
  readonly store: "system_metadata" | "system_config";
  /** Loopback port that leads to Postgres, for `@pulumi/postgresql`. */
  readonly tunnelPort: number;
  /** A Postgres user who may make logins. */
  readonly user: string;
  /** Secret. */
  readonly password: string;
  /** The login to make and use, with access to the settings table alone. Default: `user` is used. */
  readonly dedicatedLogin?: string;
}

export interface ImmichOauthSettingsArgs {
  readonly database: ImmichDatabaseArgs;
  /** The settings to have, by Immich's names: `oauth.clientId`. */
  readonly settings: Record<string, pulumi.Input<SettingValue>>;
  /** Settings to have where this version of Immich knows them. Default: none. */
  readonly whereKnown?: Record<string, pulumi.Input<SettingValue>>;
}

/** Immich's OAuth settings in its own Postgres, and the login that writes them. */
export class ImmichOauthSettings extends pulumi.ComponentResource {
  /** When the settings last changed (ISO 8601). */
  readonly settingsChangedAt: pulumi.Output<string>;
  /** Immich's version, empty where it can't be asked. */
  readonly immichVersion: pulumi.Output<string>;
  /** The login that reads and writes the settings. */
  readonly login: string;

  constructor(name: string, args: ImmichOauthSettingsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("immich-sso:index:ImmichOauthSettings", name, {}, opts);
    const { database } = args;
    this.login = database.dedicatedLogin ?? database.user;
    const ready = database.dedicatedLogin
      ? [this.makeLogin(name, database.dedicatedLogin, database)]
      : [];

    const common = {
      database: database.description,
      store: database.store,
      login: this.login,
    };
    const keys = Object.keys({ ...args.settings, ...args.whereKnown }).sort();
    const snapshot = new SettingsSnapshot(
      `${name}-before`,
      { ...common, keys },
      { parent: this, dependsOn: ready },
    );
    const row = new OauthSettingsRow(
      `${name}-row`,
      {
        ...common,
        settings: args.settings,
        ...(args.whereKnown ? { whereKnown: args.whereKnown } : {}),
        previous: snapshot.previous,
      },
      { parent: this, dependsOn: [snapshot, ...ready] },
    );
    this.settingsChangedAt = row.settingsChangedAt;
    this.immichVersion = row.immichVersion;
    this.registerOutputs({ settingsChangedAt: this.settingsChangedAt });
  }

  /** A Postgres role that may read and write the settings table and do nothing else. */
  private makeLogin(name: string, login: string, database: ImmichDatabaseArgs): pulumi.Resource {
    const provider = new Provider(
      `${name}-postgres`,
      {
        host: "127.0.0.1",
        port: database.tunnelPort,
        sslmode: "disable", // SSH encrypts the way
        username: database.user,
        password: pulumi.secret(database.password),
        database: database.database,
        connectTimeout: 30,
      },
      { parent: this },
    );
    const child = { parent: this, provider };
    const role = new Role(
      `${name}-login`,
      {
        name: login,
        login: true,
        password: pulumi.secret(loginPassword(database.password, login)),
      },
      child,
    );
    return new Grant(
      `${name}-grant`,
      {
        role: role.name,
        database: database.database,
        schema: "public",
        objectType: "table",
        objects: [database.store],
        privileges: ["SELECT", "INSERT", "UPDATE", "DELETE"],
      },
      // A login that is dropped loses its grants. To revoke them one by one fails where an upgrade of
      // Immich has taken the table away (system_config, 1.106 and later).
      { ...child, retainOnDelete: true },
    );
  }
}

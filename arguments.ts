/** What the stack's configuration means for the components: the one place where one becomes the other. */
import { createHash } from "node:crypto";

import { applicationArgs } from "./applicationArguments";
import { claimSettings } from "./components/claims";
import type { ImmichSsoArgs } from "./components/immichSso";
import type { StackConfig } from "./config";
import { backchannelLogoutUri, knowsBackchannelLogout } from "./immich/logout";
import { loginName } from "./loginName";
import type { ProviderArgs } from "./provider/sdk";

/**
 * @param stack name of the stack: several stacks may share one Immich, each with a PostgreSQL role and a port of its own.
 * @param immichVersion undefined where it can't be asked now: what depends on it then stays as it is
 */
export function ssoArguments(
  config: StackConfig,
  stack: string,
  immichVersion?: string,
): ImmichSsoArgs {
  const { application, database, immich, restart, settingsThrough } = config;
  const { grants } = application;
  const logout = immichVersion !== undefined && knowsBackchannelLogout(immichVersion);
  return {
    application: {
      ...applicationArgs(config, stack),
      ...(logout ? { logoutUri: backchannelLogoutUri(immich.url) } : {}),
    },
    ...(grants.adminGroupsDemote ? { soleAdminGroups: [...grants.adminGroups] } : {}),
    immich: providerArguments(config, stack),
    immichUrl: immich.url,
    login: { ...immich, oauthSettings: { ...immich.oauthSettings, ...claimSettings(grants) } },
    ...(settingsThrough === "database" && database
      ? {
          store: database.store,
          dedicatedLogin: database.login === "dedicated" ? loginName(stack) : undefined,
        }
      : {}),
    restart: restart.when,
    restartTimeoutSeconds: restart.timeoutSeconds,
    loginCheck: config.loginCheck,
  };
}

function providerArguments(config: StackConfig, stack: string): ProviderArgs {
  const { apiKey, database, immich, movedFrom, settingsThrough } = config;
  return {
    apiUrl: immich.apiUrl,
    ...(database ? databaseArguments(database, config, stack) : {}),
    ...(settingsThrough === "database"
      ? {}
      : { settingsThrough, stack, ...(apiKey === "" ? {} : { apiKey }) }),
    ...(movedFrom ? { databaseMovedFrom: movedFrom } : {}),
  };
}

function databaseArguments(
  database: NonNullable<StackConfig["database"]>,
  { restart }: StackConfig,
  stack: string,
): ProviderArgs {
  const { ssh } = database;
  const jump = ssh.jump && {
    sshJumpHost: ssh.jump.host,
    sshJumpPort: ssh.jump.port,
    sshJumpUser: ssh.jump.user,
    sshJumpHostKey: ssh.jump.hostKey,
  };
  return {
    sshHost: ssh.host,
    sshPort: ssh.port,
    sshUser: ssh.user,
    sshHostKey: ssh.hostKey,
    sshPrivateKey: ssh.privateKey,
    sshPrivateKeyPassphrase: ssh.passphrase,
    ...jump,
    containerRuntime: database.runtime,
    postgresContainer: database.container,
    postgresPort: database.port,
    postgresDatabase: database.database,
    postgresUser: database.user,
    postgresPassword: database.password,
    composeDirectory: restart.directory,
    composeService: restart.service,
    tunnelPort: database.tunnelPort || stackPort(stack),
  };
}

/** A port from 20000 to 29999 that is the same for a stack in every run: it is part of the PostgreSQL provider's state. */
export function stackPort(stack: string): number {
  return 20000 + (createHash("sha256").update(stack).digest().readUInt32BE() % 10000);
}

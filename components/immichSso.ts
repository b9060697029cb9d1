import * as pulumi from "@pulumi/pulumi";

import type { StackConfig } from "../config";
import { ROLE_CLAIM } from "./adminRole";
import { applicationArgs } from "./applicationArgs";
import { ContainerRestart, type ContainerRestartArgs } from "./containerRestart";
import { describeDatabase } from "./describeDatabase";
import { ImmichOauthSettings, type ImmichDatabaseArgs } from "./immichOauthSettings";
import { needsRestart } from "../immich/version";
import { LoginCheck } from "./loginCheck";
import { OidcApplication } from "./oidcApplication";
import { desiredSettings, passwordSettings } from "./settings";

export interface ImmichSsoArgs {
  /** What is to be: the validated configuration. */
  readonly config: StackConfig;
  /** Name of the stack: several stacks may share one Immich host, each with its own Postgres login. */
  readonly stack: string;
  /** Loopback port that leads to Immich's Postgres. */
  readonly tunnelPort: number;
  /** Reaches the Immich host by SSH, or says what is in the way. Default: nobody tries. */
  readonly reachHost?: () => Promise<void>;
}

/** Single sign-on of one Immich at one Authentik. */
export class ImmichSso extends pulumi.ComponentResource {
  readonly issuerUrl: pulumi.Output<string>;
  readonly discoveryUrl: pulumi.Output<string>;
  readonly clientId: pulumi.Output<string>;
  /** Secret. */
  readonly clientSecret: pulumi.Output<string>;
  readonly scopes: pulumi.Output<string[]>;
  readonly redirectUris: pulumi.Output<string[]>;
  /** When Immich's settings last changed (ISO 8601). */
  readonly settingsChangedAt: pulumi.Output<string>;
  /** By check `ok`, or the verdict, what was seen and the fix. Empty with `loginCheck: off`. */
  readonly loginCheck: pulumi.Output<Record<string, string>>;

  constructor(name: string, args: ImmichSsoArgs, opts?: pulumi.ComponentResourceOptions) {
    super("immich-sso:index:ImmichSso", name, {}, opts);
    const { config, stack } = args;
    const child = { parent: this };

    const application = new OidcApplication(name, applicationArgs(config, stack), child);

    const restart = restarts(config);
    // Made before the settings, so that on removal it runs after they are back. It is the first to use SSH.
    const afterRemoval = restart
      ? [
          new ContainerRestart(
            `${name}-restart-after-removal`,
            { ...restart, on: "removal", reach: args.reachHost },
            child,
          ),
        ]
      : [];
    const database = databaseArgs(config, stack, args.tunnelPort);
    const desired = desiredSettings<pulumi.Output<string>>(config, {
      issuerUrl: application.issuerUrl,
      clientId: application.clientId,
      clientSecret: application.clientSecret,
      roleClaim: config.application.adminGroups.length > 0 ? ROLE_CLAIM : undefined,
      scope: application.scopes.apply((scopes) => scopes.join(" ")),
    });
    const settings = new ImmichOauthSettings(
      `${name}-settings`,
      { database, ...desired },
      { ...child, dependsOn: afterRemoval },
    );
    const restarted = this.restartOnChange(`${name}-restart`, settings, restart, config);

    const check =
      config.loginCheck === "off"
        ? undefined
        : new LoginCheck(
            `${name}-login-check`,
            {
              mode: config.loginCheck,
              authentikPublicUrl: config.authentik.publicUrl,
              applicationSlug: config.application.slug,
              issuerUrl: application.issuerUrl,
              clientId: application.clientId,
              clientSecret: application.clientSecret,
              scopes: application.scopes,
              redirectUris: application.redirectUris,
              immichUrl: config.immich.url,
              accessGroups: config.application.accessGroups,
              settings: desired.settings,
              settingsChangedAt: settings.settingsChangedAt,
              login: settings.login,
              restart: config.restart.when,
              stack,
            },
            { ...child, dependsOn: [application, settings, ...restarted] },
          );

    const passwordLogin = passwordSettings(config.immich);
    if (passwordLogin) {
      // After the proof, and on removal before OAuth is taken away: somebody must be able to log in.
      const password = new ImmichOauthSettings(
        `${name}-password-login`,
        {
          database: { ...database, user: settings.login, dedicatedLogin: undefined },
          settings: passwordLogin,
        },
        { ...child, dependsOn: [settings, ...(check ? [check] : []), ...restarted] },
      );
      this.restartOnChange(`${name}-password-login-restart`, password, restart, config);
    }

    this.issuerUrl = application.issuerUrl;
    this.discoveryUrl = application.discoveryUrl;
    this.clientId = application.clientId;
    this.clientSecret = application.clientSecret;
    this.scopes = application.scopes;
    this.redirectUris = application.redirectUris;
    this.settingsChangedAt = settings.settingsChangedAt;
    this.loginCheck = check?.checks ?? pulumi.output<Record<string, string>>({});
    this.registerOutputs({ issuerUrl: this.issuerUrl, clientId: this.clientId });
  }

  private restartOnChange(
    name: string,
    settings: ImmichOauthSettings,
    restart: Omit<ContainerRestartArgs, "on" | "due"> | undefined,
    config: StackConfig,
  ): pulumi.Resource[] {
    if (!restart) return [];
    const due =
      config.restart.when === "onChange"
        ? true
        : settings.immichVersion.apply((version) => needsRestart(version || undefined));
    const on = { change: settings.settingsChangedAt };
    return [
      new ContainerRestart(name, { ...restart, on, due }, { parent: this, dependsOn: settings }),
    ];
  }
}

function restarts(config: StackConfig): Omit<ContainerRestartArgs, "on" | "due"> | undefined {
  if (config.restart.when === "never") return undefined;
  return {
    ssh: config.database.ssh,
    runtime: config.database.runtime,
    directory: config.restart.directory,
    service: config.restart.service,
    timeoutSeconds: config.restart.timeoutSeconds,
  };
}

function databaseArgs(config: StackConfig, stack: string, tunnelPort: number): ImmichDatabaseArgs {
  const { database } = config;
  return {
    description: describeDatabase(database),
    database: database.database,
    store: database.store,
    tunnelPort,
    user: database.user,
    password: database.password,
    dedicatedLogin: database.login === "dedicated" ? loginName(stack) : undefined,
  };
}

/** A Postgres role name for a stack: 63 bytes at most, quoting never needed. */
function loginName(stack: string): string {
  return `immich_sso_${stack.toLowerCase().replace(/[^a-z0-9]+/g, "_")}`.slice(0, 63);
}

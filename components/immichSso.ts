import * as pulumi from "@pulumi/pulumi";

import { CLIENT_SECRET_PLACE, configFileContent } from "../immich/configFileContent";
import { endSessionEndpoint } from "../immich/logout";
import { isSavableUrl } from "../immich/rules";
import { needsRestart } from "../immich/version";
import { LoginCheck, Provider, type ProviderArgs } from "../provider/sdk";
import { ContainerRestart } from "./containerRestart";
import { ImmichOauthSettings, settingsSnapshot } from "./immichOauthSettings";
import { OidcApplication, type OidcApplicationArgs } from "./oidcApplication";
import { desiredSettings, type LoginSettings, passwordSettings } from "./settings";

export interface ImmichSsoArgs {
  /** The application in Authentik, and its OAuth2/OIDC provider. */
  application: OidcApplicationArgs;
  /**
   * Groups of Authentik whose members alone are told to be administrators: the login check names who would lose their
   * rights. Default: nobody would.
   */
  soleAdminGroups?: string[];
  /** How Immich is reached. */
  immich: ProviderArgs;
  /** Origin of Immich as browsers reach it. */
  immichUrl: string;
  /** What Immich is to offer its users. Default: the default of each. */
  login?: LoginSettings;
  /** Table of Immich's settings: `system_metadata` (1.106 and later) or `system_config`. Default: system_metadata. */
  store?: string;
  /** A PostgreSQL role to make for this deployment. Default: the user of `immich` writes the settings. */
  dedicatedLogin?: string;
  /** When Immich is restarted: onChange, whenNeeded (only before 1.106.3) or never. Default: onChange. */
  restart?: string;
  /** How long Immich may take to be healthy again, in seconds. Default: 120. */
  restartTimeoutSeconds?: number;
  /** What a login that would not work does to the deployment: fail, warn or off. Default: fail. */
  loginCheck?: string;
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
  /**
   * What Immich is to have, as its configuration file has it, a placeholder for the client secret in it. Password login is
   * switched off in it once a login is proven.
   */
  // Any: Pulumi's analyzer takes no union of types.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly immichConfig: pulumi.Output<Record<string, Record<string, any>>>;

  constructor(name: string, args: ImmichSsoArgs, opts?: pulumi.ComponentResourceOptions) {
    super("immich-sso:index:ImmichSso", name, {}, opts);
    const { login = {} } = args;
    // Through its API Immich uses what is saved at once, and needs no login for its database.
    const { settingsThrough: through = "database" } = args.immich;
    const dedicatedLogin = through === "database" ? args.dedicatedLogin : undefined;
    const store = through === "database" ? (args.store ?? "system_metadata") : through;
    const restart = through === "database" ? (args.restart ?? "onChange") : "never";
    const child = {
      parent: this,
      provider: new Provider(`${name}-immich`, args.immich, { parent: this }),
    };
    const restarts = { restarts: restart !== "never" };

    const { authentik } = args.application;
    const authentikUrl = authentik.publicUrl ?? authentik.url;
    const insecure =
      typeof authentikUrl === "string"
        ? isPlainHttp(authentikUrl)
        : pulumi.output(authentikUrl).apply(isPlainHttp);
    // Immich's own form refuses an address without a dot in its host; it finds it by itself then.
    const saysEndSession = typeof authentikUrl === "string" && isSavableUrl(authentikUrl);
    // What is to be owned is known before the values are: a look at all of it comes before anything is touched.
    const owned = desiredSettings<string, pulumi.Output<boolean>>(login, insecure, {
      ...NAMES,
      ...(saysEndSession ? { endSessionEndpoint: "" } : {}),
    });
    const snapshot =
      through === "file"
        ? undefined // Nothing of it is written: somebody puts it into Immich's file.
        : settingsSnapshot(
            `${name}-settings`,
            { store, ...owned, ...restarts, dedicatedLogin },
            {
              ...child,
              aliases: [this.formerSnapshot(name)],
            },
          );
    const application = new OidcApplication(name, args.application, {
      parent: this,
      dependsOn: snapshot ? [snapshot] : [],
    });
    const desired = desiredSettings<pulumi.Output<string>, pulumi.Output<boolean>>(
      login,
      insecure,
      {
        issuerUrl: application.issuerUrl,
        clientId: application.clientId,
        clientSecret: application.clientSecret,
        scope: application.scopes.apply((scopes) => scopes.join(" ")),
        ...(saysEndSession
          ? { endSessionEndpoint: application.issuerUrl.apply(endSessionEndpoint) }
          : {}),
      },
    );
    const database = {
      immich: args.immich,
      store,
      restartOnDelete: restart === "onChange" ? "always" : restart,
      restartTimeoutSeconds: args.restartTimeoutSeconds,
    };
    const settings =
      snapshot &&
      new ImmichOauthSettings(
        `${name}-settings`,
        {
          ...database,
          ...desired,
          snapshot,
          dedicatedLogin,
          clientStays: args.application.retainOnDelete,
          after: [application],
        },
        child,
      );
    const policy = { ...args, restart };
    const restarted = settings ? restartOnChange(`${name}-restart`, settings, policy, child) : [];

    const check =
      args.loginCheck === "off"
        ? undefined
        : new LoginCheck(
            `${name}-login-check`,
            {
              mode: args.loginCheck ?? "fail",
              authentikUrl: authentik.url,
              authentikToken: authentik.token,
              authentikPublicUrl: authentikUrl,
              applicationSlug: args.application.slug,
              issuerUrl: application.issuerUrl,
              clientId: application.clientId,
              clientSecret: application.clientSecret,
              scopes: application.scopes,
              redirectUris: application.redirectUris,
              immichUrl: args.immichUrl,
              logoutUri: args.application.logoutUri,
              accessGroups: [...(args.application.accessGroups ?? [])],
              soleAdminGroups: args.soleAdminGroups,
              settings: desired.settings,
              settingsChangedAt: settings?.settingsChangedAt,
              passwordLogin: login.passwordLogin,
              store,
              restart,
              stack: pulumi.getStack(),
            },
            { ...child, dependsOn: [application, ...(settings ? [settings] : []), ...restarted] },
          );

    const passwordLogin = passwordSettings(login);
    if (passwordLogin && settings) {
      // After the proof, and on removal before OAuth is taken away: somebody must be able to log in.
      const password = new ImmichOauthSettings(
        `${name}-password-login`,
        { ...database, settings: passwordLogin, login: settings.login },
        { ...child, dependsOn: [settings, ...(check ? [check] : []), ...restarted] },
      );
      restartOnChange(`${name}-password-login-restart`, password, policy, child);
    }

    this.issuerUrl = application.issuerUrl;
    this.discoveryUrl = application.discoveryUrl;
    this.clientId = application.clientId;
    this.clientSecret = application.clientSecret;
    this.scopes = application.scopes;
    this.redirectUris = application.redirectUris;
    this.settingsChangedAt = settings?.settingsChangedAt ?? pulumi.output("");
    this.loginCheck = check?.checks ?? pulumi.output<Record<string, string>>({});
    const proven = login.passwordLogin === false ? (check?.ok ?? false) : true;
    this.immichConfig = pulumi
      .all([
        { ...desired.settings, "oauth.clientSecret": CLIENT_SECRET_PLACE },
        { ...desired.whereKnown },
        proven,
      ])
      .apply(([wanted, whereKnown, isProven]) =>
        configFileContent({ ...wanted, ...whereKnown, ...(isProven ? passwordLogin : {}) }),
      );
    this.registerOutputs({ issuerUrl: this.issuerUrl, clientId: this.clientId });
  }

  /** In states of version 0.1 the snapshot belonged to the settings. */
  private formerSnapshot(name: string): pulumi.Alias {
    const settings = "immich-sso:index:ImmichOauthSettings";
    return {
      type: "pulumi-nodejs:dynamic/immich-sso:SettingsSnapshot",
      parent: pulumi.createUrn(`${name}-settings`, settings, this),
    };
  }
}

const isPlainHttp = (url: string): boolean => url.startsWith("http:");

const NAMES = { issuerUrl: "", clientId: "", clientSecret: "", scope: "" };

function restartOnChange(
  name: string,
  settings: ImmichOauthSettings,
  { immich, restart = "onChange", restartTimeoutSeconds: timeoutSeconds }: ImmichSsoArgs,
  opts: pulumi.ComponentResourceOptions,
): pulumi.Resource[] {
  if (restart === "never") return [];
  const due =
    restart === "onChange" ||
    settings.immichVersion.apply((version) => needsRestart(version || undefined));
  return [
    new ContainerRestart(
      name,
      { immich, change: settings.settingsChangedAt, due, timeoutSeconds },
      { parent: opts.parent, dependsOn: settings },
    ),
  ];
}

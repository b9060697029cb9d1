import type { SettingValue } from "../immich/types";

/** What Immich is to offer its users; its OAuth client comes from Authentik. */
export interface LoginSettings {
  /** Text of the button on Immich's login page. Default: Login with Authentik. */
  buttonText?: string;
  /** Make an Immich user at the first login of somebody unknown. Default: true. */
  autoRegister?: boolean;
  /** Skip Immich's login page. Default: Immich's own setting is left as it is. */
  autoLaunch?: boolean;
  /** More of Immich's OAuth settings, by its names without `oauth.`: `{ timeout: 30000 }`. Default: none. */
  // Any: Pulumi's analyzer takes no union of types. The provider refuses what is no setting's value.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  oauthSettings?: Record<string, any>;
  /** Login by password. False waits for a proven login. Default: Immich's own setting is left as it is. */
  passwordLogin?: boolean;
}

/**
 * Immich settings that a stack wants, by Immich's names.
 * @typeParam Text a text, or Pulumi's promise of one.
 * @typeParam Flag the same for a flag.
 */
export interface DesiredSettings<Text, Flag = boolean> {
  readonly settings: Record<string, Text | SettingValue>;
  /** Only where this version of Immich knows them. */
  readonly whereKnown?: Record<string, Text | boolean | Flag>;
}

/** The OAuth client as Immich is told of it. */
export interface ClientSettings<Text> {
  readonly issuerUrl: Text;
  readonly clientId: Text;
  /** Secret. */
  readonly clientSecret: Text;
  /** Scopes, separated by spaces. */
  readonly scope: Text;
  /** Where the provider ends a session. Default: Immich finds it in the discovery document. */
  readonly endSessionEndpoint?: Text;
}

/**
 * The settings that make Immich use an application of Authentik.
 * @param insecure whether Immich reaches Authentik by plain http.
 */
export function desiredSettings<Text, Flag = boolean>(
  immich: LoginSettings,
  insecure: boolean | Flag,
  client: ClientSettings<Text>,
): DesiredSettings<Text, Flag> {
  const settings: DesiredSettings<Text, Flag>["settings"] = {
    "oauth.enabled": true,
    "oauth.issuerUrl": client.issuerUrl,
    "oauth.clientId": client.clientId,
    "oauth.clientSecret": client.clientSecret,
    "oauth.scope": client.scope,
    "oauth.buttonText": immich.buttonText ?? "Login with Authentik",
    "oauth.autoRegister": immich.autoRegister ?? true,
  };
  if (immich.autoLaunch !== undefined) settings["oauth.autoLaunch"] = immich.autoLaunch;
  for (const [name, value] of Object.entries(immich.oauthSettings ?? {}))
    settings[`oauth.${name}`] = value;
  const { endSessionEndpoint } = client;
  const whereKnown: DesiredSettings<Text, Flag>["whereKnown"] = {
    ...(endSessionEndpoint === undefined ? {} : { "oauth.endSessionEndpoint": endSessionEndpoint }),
    // Immich 3 and later refuse a plain http issuer otherwise.
    ...(insecure === false ? {} : { "oauth.allowInsecureRequests": insecure }),
  };
  return { settings, ...(Object.keys(whereKnown).length > 0 ? { whereKnown } : {}) };
}

/** What turns password login on or off, where it is said which. */
export function passwordSettings({
  passwordLogin,
}: LoginSettings): Record<string, boolean> | undefined {
  return passwordLogin === undefined ? undefined : { "passwordLogin.enabled": passwordLogin };
}

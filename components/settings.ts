import type { StackConfig } from "../config";

/**
 * Immich settings that a stack wants, by Immich's names.
 * @typeParam Text a text, or Pulumi's promise of one.
 */
export interface DesiredSettings<Text> {
  readonly settings: Record<string, Text | boolean | string>;
  /** Only where this version of Immich knows them. */
  readonly whereKnown?: Record<string, boolean>;
}

/** The OAuth client as Immich is told of it. */
export interface ClientSettings<Text> {
  readonly issuerUrl: Text;
  readonly clientId: Text;
  /** Secret. */
  readonly clientSecret: Text;
  /** Scopes, separated by spaces. */
  readonly scope: Text;
  /** The claim that carries the role. Default: none, the setting is left alone. */
  readonly roleClaim?: string;
}

/** The settings that make Immich use an application of Authentik. */
export function desiredSettings<Text>(
  { immich, authentik }: Pick<StackConfig, "immich" | "authentik">,
  client: ClientSettings<Text>,
): DesiredSettings<Text> {
  const settings: DesiredSettings<Text>["settings"] = {
    "oauth.enabled": true,
    "oauth.issuerUrl": client.issuerUrl,
    "oauth.clientId": client.clientId,
    "oauth.clientSecret": client.clientSecret,
    "oauth.scope": client.scope,
    "oauth.buttonText": immich.buttonText,
    "oauth.autoRegister": immich.autoRegister,
  };
  if (immich.autoLaunch !== undefined) settings["oauth.autoLaunch"] = immich.autoLaunch;
  if (client.roleClaim) settings["oauth.roleClaim"] = client.roleClaim;
  // Immich 3 and later refuse a plain http issuer otherwise.
  if (authentik.publicUrl.startsWith("http:"))
    return { settings, whereKnown: { "oauth.allowInsecureRequests": true } };
  return { settings };
}

/** What turns password login on or off, where the stack says which. */
export function passwordSettings({
  passwordLogin,
}: StackConfig["immich"]): Record<string, boolean> | undefined {
  return passwordLogin === undefined ? undefined : { "passwordLogin.enabled": passwordLogin };
}

import type * as pulumi from "@pulumi/pulumi";

import type { StackConfig } from "../config";
import type { OidcApplication } from "./oidcApplication";
import type { SettingValue } from "./oauthSettingsRow";

/** Immich settings that a stack wants, by Immich's names. */
export interface DesiredSettings {
  readonly settings: Record<string, pulumi.Input<SettingValue>>;
  /** Only where this version of Immich knows them. */
  readonly whereKnown?: Record<string, pulumi.Input<SettingValue>>;
}

/** The settings that make Immich use an application of Authentik. */
export function desiredSettings(
  config: StackConfig,
  application: Pick<
    OidcApplication,
    "issuerUrl" | "clientId" | "clientSecret" | "scopes" | "roleClaim"
  >,
): DesiredSettings {
  const { immich, authentik } = config;
  const settings: Record<string, pulumi.Input<SettingValue>> = {
    "oauth.enabled": true,
    "oauth.issuerUrl": application.issuerUrl,
    "oauth.clientId": application.clientId,
    "oauth.clientSecret": application.clientSecret,
    "oauth.scope": application.scopes.apply((scopes) => scopes.join(" ")),
    "oauth.buttonText": immich.buttonText,
    "oauth.autoRegister": immich.autoRegister,
  };
  if (immich.autoLaunch !== undefined) settings["oauth.autoLaunch"] = immich.autoLaunch;
  if (application.roleClaim) settings["oauth.roleClaim"] = application.roleClaim;
  // Immich 3 and later refuse a plain http issuer otherwise.
  if (authentik.publicUrl.startsWith("http:"))
    return { settings, whereKnown: { "oauth.allowInsecureRequests": true } };
  return { settings };
}

import { field } from "../checks/http";
import type { AuthentikApi } from "./api";

/** The version that the Terraform provider was made for; both are released together. */
export const PROVIDER_VERSION = "2026.5";

/**
 * What is to be said of Authentik's version before anything is made; undefined: nothing.
 *
 * Authentik's API changes with each release, and its provider reads answers strictly: provider 2026.5 can't
 * read flows of server 2025.8 (terraform-provider-authentik#966), and sends `redirect_uri_type`, which servers
 * before 2026.5 do not know. The other way round, newer servers have kept to what older providers send.
 */
export async function versionProblem(api: AuthentikApi): Promise<string | undefined> {
  const reply = await api.askOnce("admin/version/");
  const told = reply.kind === "answer" ? field(reply.json, "version_current") : undefined;
  const version = typeof told === "string" ? /^(\d{4})\.(\d+)/.exec(told) : null;
  if (!version)
    return (
      `Authentik at ${api.url} does not say which version it is. ` +
      `This program and its Authentik provider are made for ${PROVIDER_VERSION}.`
    );
  const [year, month] = [Number(version[1]), Number(version[2])];
  const [ours, release] = PROVIDER_VERSION.split(".").map(Number) as [number, number];
  if (year > ours || (year === ours && month >= release)) return undefined;
  return (
    `Authentik at ${api.url} is ${String(told)}; this program's Authentik provider is made for ${PROVIDER_VERSION} ` +
    `and newer. With an older Authentik it is known to fail ("no value given for required property …"), and ` +
    `redirect URIs may show as changed in every preview.\n` +
    `  upgrade Authentik, or take the provider of its version:\n` +
    `    npx pulumi package add terraform-provider goauthentik/authentik ${year}.${month}.0`
  );
}

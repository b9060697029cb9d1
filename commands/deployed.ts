/**
 * What is deployed, by the resources in a stack's state. Never by the stack's outputs: after a failed
 * `up` the official language host leaves those of the last good one.
 */
import { isDeepStrictEqual } from "node:util";

import { results } from "../checks/authentik";
import { field, request } from "../checks/http";
import type { Settings } from "../checks/types";
import {
  claimMappings,
  claimSettings,
  LABEL,
  QUOTA,
  ROLE,
  roleExpression,
} from "../components/claims";
import { SETTABLE } from "../configOauth";
import { MOBILE_REDIRECT_URI, type StackConfig } from "../config";
import type { Properties, StateResource } from "./state";

/** What the last operations left, whether or not all of them went well. */
export interface Deployed {
  readonly issuerUrl: string;
  readonly applicationSlug: string;
  readonly clientId: string;
  /** Secret. */
  readonly clientSecret?: string;
  readonly scopes: readonly string[];
  readonly redirectUris: readonly string[];
  /** Immich's origin, by the redirect URI of its web page. */
  readonly immichUrl: string;
  readonly accessGroups: readonly string[];
  /** What was written into Immich, by Immich's names. */
  readonly settings: Settings;
  readonly settingsChangedAt?: string;
}

// The second names are those of states that versions before 0.2 have left.
const SETTINGS = ["immich:index:Settings", "pulumi-nodejs:dynamic/immich-sso:OauthSettingsRow"];
const LOGIN_CHECK = ["immich:index:LoginCheck", "pulumi-nodejs:dynamic/immich-sso:LoginCheck"];
const PROVIDER = ["authentik:index/providerOauth2:ProviderOauth2"];
const APPLICATION = ["authentik:index/application:Application"];
const BINDING = ["authentik:index/policyBinding:PolicyBinding"];
const SCOPE_MAPPING = ["authentik:index/propertyMappingProviderScope:PropertyMappingProviderScope"];
const GENERATED_SECRET = ["random:index/randomPassword:RandomPassword"];

/** How a binding's name ends: in the group's. */
const ACCESS = "-access-";

/**
 * What is deployed; undefined where nothing is. What a half-way deployment has not made yet is taken
 * from the configuration.
 */
export function deployedOf(
  resources: readonly StateResource[],
  { application, authentik, immich }: StackConfig,
): Deployed | undefined {
  const provider = first(resources, PROVIDER);
  const app = first(resources, APPLICATION);
  const rows = all(resources, SETTINGS);
  if (provider === undefined && app === undefined && rows.length === 0) return undefined;
  const check = first(resources, LOGIN_CHECK);
  // Into a file this stack writes nothing itself: what belongs there is what the login was checked against.
  const inFile =
    wayOf(check) === "file" ? (check?.["settings"] as Settings | undefined) : undefined;
  const settings: Settings = Object.assign({}, ...rows.map(writtenBy), inFile) as Settings;
  const slug = text(app?.["slug"]) ?? application.slug;
  const redirectUris = urisOf(provider) ?? application.redirectUris;
  const changes = rows.map((row) => text(row["settingsChangedAt"]) ?? "").sort();
  return {
    issuerUrl: text(settings["oauth.issuerUrl"]) ?? `${authentik.publicUrl}/application/o/${slug}/`,
    applicationSlug: slug,
    clientId:
      text(settings["oauth.clientId"]) ?? text(provider?.["clientId"]) ?? application.clientId,
    clientSecret:
      text(settings["oauth.clientSecret"]) ??
      text(provider?.["clientSecret"]) ??
      application.clientSecret,
    scopes: text(settings["oauth.scope"])?.split(" ") ?? application.scopes,
    redirectUris,
    immichUrl: originOf(redirectUris, immich.url),
    accessGroups: boundGroups(resources),
    settings,
    settingsChangedAt: changes.at(-1) || undefined,
  };
}

/** What was written last; `settings` alone may be what a refresh has found. */
function writtenBy(row: Properties): Settings {
  return (row["deployed"] ?? row["settings"] ?? {}) as Settings;
}

function urisOf(provider: Properties | undefined): string[] | undefined {
  const list = provider?.["allowedRedirectUris"];
  if (!Array.isArray(list)) return undefined;
  return (list as Properties[])
    .filter((one) => one["redirect_uri_type"] !== "logout")
    .map((one) => String(one["url"]));
}

function originOf(redirectUris: readonly string[], configured: string): string {
  const page = "/auth/login";
  if (redirectUris.includes(`${configured}${page}`)) return configured;
  return redirectUris.find((uri) => uri.endsWith(page))?.slice(0, -page.length) ?? configured;
}

function boundGroups(resources: readonly StateResource[]): string[] {
  return resources
    .filter(({ type, name }) => BINDING.includes(type) && name.includes(ACCESS))
    .map(({ name }) => name.slice(name.indexOf(ACCESS) + ACCESS.length));
}

/**
 * Keys of the configuration whose value is another one than what is deployed, in the order of
 * Pulumi.yaml. How hosts are reached (SSH, Postgres, Compose) is not compared: nothing of that is deployed.
 */
export function notDeployed(
  resources: readonly StateResource[],
  config: StackConfig,
  deployed: Deployed,
): string[] {
  const { application, authentik, immich, restart, loginCheck, settingsThrough } = config;
  const provider = first(resources, PROVIDER);
  const app = first(resources, APPLICATION);
  const check = first(resources, LOGIN_CHECK);
  const secret = first(resources, GENERATED_SECRET);
  const { settings } = deployed;
  const has = (key: string): unknown => settings[key] ?? undefined;
  const rotation = (secret?.["keepers"] as Properties | undefined)?.["rotation"];

  const differs: readonly (readonly [string, boolean])[] = [
    ["immichUrl", deployed.immichUrl !== immich.url],
    ["authentikPublicUrl", publicUrlOf(deployed.issuerUrl) !== authentik.publicUrl],
    ["applicationName", isOther(app?.["name"], application.name)],
    ["applicationSlug", isOther(app?.["slug"], application.slug)],
    ["launchUrl", isOther(app?.["metaLaunchUrl"], application.launchUrl)],
    ["providerName", isOther(provider?.["name"], application.providerName)],
    ["clientId", deployed.clientId !== application.clientId],
    ["clientSecret", secretDiffers(application.clientSecret, deployed, secret !== undefined)],
    ["clientSecretRotation", isOther(rotation, application.clientSecretRotation)],
    ["scopes", !sameList(withoutClaims(deployed.scopes), withoutClaims(application.scopes))],
    ...redirectUriKeys(deployed, config),
    ["accessGroups", !sameList(deployed.accessGroups, application.accessGroups)],
    ...grantKeys(resources, config),
    ["buttonText", isOther(has("oauth.buttonText"), immich.buttonText)],
    ["autoRegister", isOther(has("oauth.autoRegister"), immich.autoRegister)],
    ["autoLaunch", has("oauth.autoLaunch") !== immich.autoLaunch],
    ["oauthSettings", !isDeepStrictEqual(settable(settings), settable(wantedSettings(config)))],
    ["passwordLogin", passwordLoginOf(check, deployed) !== immich.passwordLogin],
    ["settingsThrough", isOther(wayOf(check), settingsThrough)],
    ["restart", isOther(check?.["restart"], restart.when)],
    ["loginCheck", isOther(check?.["mode"], loginCheck)],
  ];
  return differs.filter(([, isDifferent]) => isDifferent).map(([key]) => key);
}

/**
 * The same for what a state knows by Authentik's identifiers alone: asks Authentik which they are now.
 * What can't be asked is no difference.
 */
export async function namesNotDeployed(
  resources: readonly StateResource[],
  { application, authentik }: StackConfig,
): Promise<string[]> {
  const provider = first(resources, PROVIDER);
  const flow = (slug: string) => `flows/instances/?slug=${encodeURIComponent(slug)}`;
  const named = [
    ["authorizationFlow", flow(application.authorizationFlow)],
    ["invalidationFlow", flow(application.invalidationFlow)],
    [
      "signingKey",
      `crypto/certificatekeypairs/?name=${encodeURIComponent(application.signingKey)}`,
    ],
  ] as const;
  const differs = await Promise.all(
    named.map(async ([key, path]) => {
      const reply = await request(`${authentik.url}/api/v3/${path}`, {
        headers: { authorization: `Bearer ${authentik.token}` },
      });
      const found = results(reply).map((one) => field(one, "pk"));
      const id = provider?.[key];
      return reply.kind === "answer" && reply.status === 200 && id && !found.includes(id);
    }),
  );
  return named.filter((_, index) => differs[index]).map(([key]) => key);
}

/** Whether the last login check found nothing broken. */
export function loginProven(resources: readonly StateResource[]): boolean {
  return first(resources, LOGIN_CHECK)?.["ok"] === true;
}

/** Authentik's address as browsers and Immich use it, of an issuer. */
export function publicUrlOf(issuerUrl: string): string {
  return issuerUrl.replace(/\/application\/o\/[^/]*\/?$/, "");
}

/** Whether something that is deployed is another one; what is not there yet is no difference. */
function isOther(deployed: unknown, configured: unknown): boolean {
  return deployed !== undefined && deployed !== configured;
}

function passwordLoginOf(check: Properties | undefined, { settings }: Deployed): unknown {
  if (wayOf(check) === "file") return check?.["passwordLogin"];
  return settings["passwordLogin.enabled"] ?? undefined;
}

/** How the settings were reached, by what the login check was told. */
function wayOf(check: Properties | undefined): StackConfig["settingsThrough"] | undefined {
  if (check === undefined) return undefined;
  const { store } = check;
  return store === "api" || store === "file" ? store : "database";
}

function secretDiffers(
  configured: string | undefined,
  { clientSecret }: Deployed,
  isGenerated: boolean,
): boolean {
  if (clientSecret === undefined) return false;
  return configured === undefined ? !isGenerated : configured !== clientSecret;
}

/** The scopes of claims are not among those configured: they come with what is granted. */
function withoutClaims(scopes: readonly string[]): string[] {
  const own = [ROLE, QUOTA, LABEL].map(({ scope }) => scope);
  return scopes.filter((scope) => !own.includes(scope));
}

/** What is told of users, by the expressions that tell it. */
function grantKeys(
  resources: readonly StateResource[],
  { application: { name, grants } }: StackConfig,
): (readonly [string, boolean])[] {
  const wanted = claimMappings(name, grants);
  const there = (key: string): unknown =>
    resources.find((one) => SCOPE_MAPPING.includes(one.type) && one.name.endsWith(`-${key}`))
      ?.outputs["expression"];
  const differs = (key: string): boolean => there(key) !== wanted[key]?.expression;
  const { adminGroups, adminGroupsDemote } = grants;
  const demotes = there("role") === roleExpression(adminGroups, !adminGroupsDemote);
  return [
    ["adminGroups", differs("role") && !demotes],
    ["adminGroupsDemote", demotes],
    ["storageQuotas", differs("quota")],
    ["storageLabelAttribute", differs("label")],
  ];
}

function wantedSettings({ application, immich }: StackConfig): Settings {
  const all = { ...immich.oauthSettings, ...claimSettings(application.grants) };
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [`oauth.${name}`, value]));
}

/** Those that `oauthSettings` may name. */
function settable(settings: Settings): Settings {
  const names = SETTABLE.map((name) => `oauth.${name}`);
  return Object.fromEntries(Object.entries(settings).filter(([key]) => names.includes(key)));
}

function redirectUriKeys(
  { redirectUris, immichUrl }: Deployed,
  { application, immich }: StackConfig,
): (readonly [string, boolean])[] {
  // The origin has a line of its own.
  const here = redirectUris.map((uri) =>
    uri.startsWith(`${immichUrl}/`) ? immich.url + uri.slice(immichUrl.length) : uri,
  );
  const wanted = application.redirectUris;
  const linking = `${immich.url}/user-settings`;
  const own = [`${immich.url}/auth/login`, linking, MOBILE_REDIRECT_URI];
  const extra = (uris: readonly string[]) => uris.filter((uri) => !own.includes(uri));
  return [
    ["extraRedirectUris", !sameList(extra(here), extra(wanted))],
    ["accountLinking", here.includes(linking) !== wanted.includes(linking)],
    ["mobileApp", here.includes(MOBILE_REDIRECT_URI) !== wanted.includes(MOBILE_REDIRECT_URI)],
  ];
}

function sameList(one: readonly string[], other: readonly string[]): boolean {
  return isDeepStrictEqual([...one].sort(), [...other].sort());
}

function all(resources: readonly StateResource[], types: readonly string[]): Properties[] {
  return resources.filter(({ type }) => types.includes(type)).map(({ outputs }) => outputs);
}

function first(
  resources: readonly StateResource[],
  types: readonly string[],
): Properties | undefined {
  return all(resources, types)[0];
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** From a stack's configuration to the arguments of its application in Authentik. */
import { AuthentikApi } from "./authentik/api";
import { askFirst } from "./authentik/before";
import type { StackConfig } from "./config";
import { ConfigCommands } from "./configProblems";
import { claimMappings } from "./components/claims";
import type { OidcApplicationArgs } from "./components/oidcApplication";

type Config = Pick<StackConfig, "application" | "authentik">;

/** The arguments that a stack's configuration gives. */
export function applicationArgs(
  { application, authentik }: Config,
  stack: string,
): OidcApplicationArgs {
  const { name, redirectUris, scopes, accessGroups, grants, ...same } = application;
  return {
    ...same,
    authentik,
    applicationName: name,
    redirectUris: [...redirectUris],
    scopes: [...scopes],
    accessGroups: [...accessGroups],
    scopeMappings: claimMappings(name, grants),
    commands: commands(stack),
  };
}

/**
 * Asks Authentik for all that the application needs, before anything at all is made, also on Immich's host.
 * @throws Error with all that is in the way.
 */
export async function askAuthentikFirst(
  { application, authentik }: Config,
  stack: string,
): Promise<void> {
  const { accessGroups, grants, name } = application;
  const { adminGroups, storageQuotas } = grants;
  const groups = [
    ...Object.entries({ accessGroups, adminGroups }).flatMap(([argument, names]) =>
      names.map((name, at) => [`${argument}[${at}]`, name] as const),
    ),
    ...Object.keys(storageQuotas).map((name) => [quotaOf(name), name] as const),
  ];
  await askFirst(
    AuthentikApi.at(authentik),
    {
      ...application,
      groups: Object.fromEntries(groups),
      scopeMappings: Object.keys(claimMappings(name, grants)).length > 0,
    },
    {
      ...commands(stack),
      ...Object.fromEntries(
        Object.keys(storageQuotas).map((name) => [quotaOf(name), ofQuota(stack, name)]),
      ),
    },
  );
}

const quotaOf = (group: string): string => `storageQuotas[${JSON.stringify(group)}]`;

function ofQuota(stack: string, group: string): string {
  const remove = new ConfigCommands(stack).remove(quotaOf(group));
  return `make the group in Authentik, or take it away: ${remove}`;
}

/** What a user of a stack does about an argument. */
function commands(stack: string): Record<string, string> {
  const set = `npx pulumi config set --stack ${stack}`;
  const group = (key: string) => `${set} --path '${key}[N]' NAME, or make the group in Authentik`;
  return {
    "authentik.url": `${set} authentik:url URL`,
    "authentik.token": `${set} --secret authentik:token`,
    providerName: `${set} providerName NAME`,
    slug: `${set} applicationSlug SLUG`,
    clientId: `${set} clientId ID`,
    scopes: `${set} scopes "openid email profile"`,
    scopeMappings: `${set} applicationName NAME`,
    authorizationFlow: `${set} authorizationFlow SLUG`,
    invalidationFlow: `${set} invalidationFlow SLUG`,
    signingKey: `${set} signingKey "NAME"`,
    "accessGroups[N]": group("accessGroups"),
    "adminGroups[N]": group("adminGroups"),
    adopt: `npm run adopt -- --stack ${stack}`,
    heal: `npx pulumi up --refresh --stack ${stack}`,
  };
}

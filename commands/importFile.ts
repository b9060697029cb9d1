/** What `pulumi import` is told: which objects of Authentik come to which places of the program. */
import { readFileSync } from "node:fs";

/** Ids of objects in Authentik that are to come into the stack. */
export interface Imported {
  /** Number of the OAuth2/OIDC provider. */
  readonly provider?: string;
  /** Slug of the application. */
  readonly application?: string;
}

/** A resource as `pulumi stack export` tells it. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly outputs?: Readonly<Record<string, unknown>>;
  /** On its way out. */
  readonly delete?: boolean;
}

const PROVIDER = "authentik:index/providerOauth2:ProviderOauth2";
const APPLICATION = "authentik:index/application:Application";

/** The name of the component in index.ts; its children's names begin with it. */
const NAME = "immich";

/** The objects of Authentik that the stack has already. */
export function inState(state: readonly StateResource[]): Imported {
  const application = find(state, APPLICATION, `${NAME}-application`);
  const slug = application?.outputs?.["slug"];
  return {
    provider: find(state, PROVIDER, `${NAME}-provider`)?.id,
    // Its id is the slug that it was made with.
    application: typeof slug === "string" ? slug : application?.id,
  };
}

/** The file for `pulumi import --file`, with the components that the stack has not yet. */
export function importFile(found: Imported, state: readonly StateResource[]): object {
  const components = [
    { type: "immich-sso:index:ImmichSso", name: "sso", logicalName: NAME, component: true },
    {
      type: "immich-sso:index:OidcApplication",
      name: "oidc",
      logicalName: NAME,
      component: true,
      parent: "sso",
    },
  ];
  const known = components.flatMap(({ type, name, logicalName }) => {
    const urn = find(state, type, logicalName)?.urn;
    return urn === undefined ? [] : [[name, urn] as const];
  });
  const names = new Set(known.map(([name]) => name));
  const object = (type: string, name: string, id: string | undefined): object[] =>
    id === undefined ? [] : [{ type, name, id, parent: "oidc", ...sdk() }];
  return {
    nameTable: Object.fromEntries(known),
    resources: [
      ...components.filter(({ name }) => !names.has(name)),
      ...object(PROVIDER, `${NAME}-provider`, found.provider),
      ...object(APPLICATION, `${NAME}-application`, found.application),
    ],
  };
}

/** A state in which the provider and the application of the program stay in Authentik when they are removed from it. */
export function retained<T extends { deployment: { resources?: readonly StateResource[] } }>(
  exported: T,
): T {
  const { resources = [] } = exported.deployment;
  const theirs = [
    find(resources, PROVIDER, `${NAME}-provider`),
    find(resources, APPLICATION, `${NAME}-application`),
  ];
  const marked = resources.map((one) =>
    theirs.includes(one) ? { ...one, retainOnDelete: true } : one,
  );
  return { ...exported, deployment: { ...exported.deployment, resources: marked } };
}

function find(
  state: readonly StateResource[],
  type: string,
  name: string,
): StateResource | undefined {
  return state.find((one) => one.type === type && !one.delete && one.urn.endsWith(`::${name}`));
}

/** The plugin that the SDK asks for: with the same one, the program finds the same provider. */
function sdk(): { version: string; parameterization: object } {
  const file = require.resolve("@pulumi/authentik/package.json");
  const { version, pulumi } = JSON.parse(readFileSync(file, "utf8")) as {
    version: string;
    pulumi: { name: string; version: string; parameterization: { value: string } };
  };
  return {
    version,
    parameterization: {
      pluginName: pulumi.name,
      pluginVersion: pulumi.version,
      value: pulumi.parameterization.value,
    },
  };
}

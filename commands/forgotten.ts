/** A stack's state without one of its two sides: what is dropped from it, and what stays there in the world. */

/** The side that is gone for good, or the PostgreSQL login of a stack that goes through Immich's API now. */
export type Side = "immich" | "authentik" | "login";

/** A deployment as `pulumi stack export` prints it. */
export interface Exported {
  readonly deployment: { readonly resources?: readonly Resource[] } & Record<string, unknown>;
}

interface Resource {
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly dependencies?: readonly string[];
  readonly propertyDependencies?: Readonly<Record<string, readonly string[]>>;
  readonly deletedWith?: string;
}

/** What a stack has on each side, by the start of its type. */
const TYPES: Readonly<Record<Side, readonly string[]>> = {
  immich: [
    "immich:",
    "pulumi:providers:immich",
    "pulumi-nodejs:dynamic/immich-sso:",
    "postgresql:",
    "pulumi:providers:postgresql",
    "command:",
  ],
  authentik: ["authentik:"],
  login: ["postgresql:", "pulumi:providers:postgresql", "immich:index:PostgresTunnel"],
};

const SETTINGS = "immich:index:Settings";

/**
 * Takes one side out of a state. The other side stays as it is, and no longer refers to what went.
 *
 * @returns the state without it, and what was taken out, last made first.
 */
export function forgotten(
  exported: Exported,
  side: Side,
): { readonly state: Exported; readonly gone: readonly Resource[] } {
  const resources = exported.deployment.resources ?? [];
  const isGone = ({ type }: Resource) => TYPES[side].some((start) => type.startsWith(start));
  const gone = resources.filter(isGone);
  const urns = new Set(gone.map(({ urn }) => urn));
  const stays = (urn: string) => !urns.has(urn);
  const kept = resources
    .filter((resource) => !isGone(resource))
    .map((resource) => ({
      ...resource,
      // What the login wrote is read and written without it from now on.
      ...(side === "login" && resource.type === SETTINGS
        ? {
            inputs: { ...resource.inputs, login: "" },
            outputs: { ...resource.outputs, login: "" },
          }
        : {}),
      ...(resource.dependencies ? { dependencies: resource.dependencies.filter(stays) } : {}),
      ...(resource.propertyDependencies
        ? {
            propertyDependencies: Object.fromEntries(
              Object.entries(resource.propertyDependencies).map(([key, on]) => [
                key,
                on.filter(stays),
              ]),
            ),
          }
        : {}),
      ...(resource.deletedWith && urns.has(resource.deletedWith) ? { deletedWith: undefined } : {}),
    }));
  return {
    state: { ...exported, deployment: { ...exported.deployment, resources: kept } },
    gone: [...gone].reverse(),
  };
}

/** What stays where it is, and how a person removes it there. */
export const STAYS: Readonly<Record<Side, string>> = {
  immich:
    "Should that Immich come back: its OAuth settings are still those of this stack (Administration > Settings > OAuth),\n" +
    'and its Postgres, unless that went through the API, has a role of the stack: DROP OWNED BY "immich_sso_…"; DROP ROLE "immich_sso_…";\n' +
    "What its settings were before is forgotten too.",
  login:
    'The role is still in Immich\'s Postgres: DROP OWNED BY "immich_sso_…"; DROP ROLE "immich_sso_…";',
  authentik:
    "Should that Authentik come back: the application, its provider and scope mapping are still there; delete them\n" +
    "under Applications, or take them over again with npm run adopt.",
};

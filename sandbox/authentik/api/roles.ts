/** rbac: roles with permissions, which users have by their groups; and what a user may do by them. */
import { json, noContent } from "../http";
import type { RoleRow, UserRow } from "../model";
import type { Store } from "../store";
import { unique } from "./checks";
import { choice, listOf, readBody, text } from "./fields";
import { equals } from "./lists";
import type { Resource } from "./resource";
import { resource, withRow } from "./resource";
import type { ApiContext, ApiRoute, Method } from "./route";

/** Lists and what they are lists of, as Authentik names its permissions. */
const MODELS: Readonly<Record<string, string>> = {
  "providers/oauth2/": "authentik_providers_oauth2.oauth2provider",
  "core/applications/": "authentik_core.application",
  "core/groups/": "authentik_core.group",
  "core/users/": "authentik_core.user",
  "flows/instances/": "authentik_flows.flow",
  "propertymappings/provider/scope/": "authentik_providers_oauth2.scopemapping",
  "crypto/certificatekeypairs/": "authentik_crypto.certificatekeypair",
  "policies/bindings/": "authentik_policies.policybinding",
};

const RIGHTS = ["view", "add", "change", "delete"];

/** Every permission that there is here. */
const PERMISSIONS = Object.values(MODELS).flatMap((model) =>
  RIGHTS.map((right) => model.replace(".", `.${right}_`)),
);

/** What a method takes: an object that may not be seen can't be changed either. */
const NEEDED: Readonly<Record<Method, readonly string[]>> = {
  GET: ["view"],
  POST: ["add"],
  PUT: ["view", "change"],
  PATCH: ["view", "change"],
  DELETE: ["view", "delete"],
};

/**
 * Whether a user may do this. Roles give permissions on all objects of a model; those on single objects are
 * not here, nor are those on what is neither a list nor an object (keys, passwords): for administrators only.
 */
export function isPermitted(store: Store, user: UserRow, path: string, method: string): boolean {
  if (store.isSuperuser(user)) return true;
  const model = MODELS[path.replace(/:\w+\/$/, "")];
  const needed = NEEDED[method as Method];
  if (model === undefined || needed === undefined) return false;
  const has = store.permissionsOf(user);
  return needed.every((right) => has.has(model.replace(".", `.${right}_`)));
}

const shape: Resource<RoleRow & { permissions?: string[] }, { name: string }> = {
  path: "rbac/roles/",
  model: "Role",
  table: (store) => store.roles,
  listing: () => ({
    filters: { name: equals((row) => row.name) },
    search: (row) => [row.name],
    order: (row) => row.name,
    toWire: ({ pk, name }) => ({ pk, name }),
  }),
  fields: ({ roles }, self) => ({
    name: text({
      required: true,
      checks: [unique(roles, self, "name", "Role with this name already exists.")],
    }),
  }),
  create: (store, { name }) => store.roles.put({ pk: store.newId(), name, permissions: [] }),
  remove: (store, row) => store.deleteRole(row.pk),
};

function assign(context: ApiContext): ReturnType<typeof json> {
  return withRow(shape, context, (row) => {
    const permissions = listOf(choice(PERMISSIONS));
    const read = readBody({ permissions }, context.body(), "create");
    if ("wrong" in read) return json(400, read.wrong);
    row.permissions = [...new Set([...(row.permissions ?? []), ...read.value.permissions])];
    return noContent();
  });
}

/** Routes of rbac/. */
export const roleRoutes: ApiRoute[] = [
  ...resource(shape),
  { path: "rbac/permissions/assigned_by_roles/:key/assign/", handlers: { POST: assign } },
];

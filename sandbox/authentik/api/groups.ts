/** core/groups, with adding and removing members. */
import type { Call } from "../http";
import { json, noContent } from "../http";
import type { GroupRow } from "../model";
import type { Store } from "../store";
import { unique } from "./checks";
import { flag, object, readBody, setBack, text, whole } from "./fields";
import { equals, isAnyOf, isTrue } from "./lists";
import { manyOf, numberOf, uuidOf } from "./references";
import type { Resource } from "./resource";
import { resource, withRow } from "./resource";
import type { ApiContext, ApiRoute } from "./route";
import { detail } from "./route";

type Body = Omit<GroupRow, "pk">;

/** A group as other objects show it. */
export function groupSummary(row: GroupRow): Record<string, unknown> {
  return {
    pk: row.pk,
    num_pk: numberFrom(row.pk),
    name: row.name,
    is_superuser: row.is_superuser,
    attributes: row.attributes,
  };
}

/** Authentik's number for a group: the first five digits of its UUID read as one number. */
function numberFrom(uuid: string): number {
  return Number(
    BigInt(`0x${uuid.replaceAll("-", "")}`)
      .toString()
      .slice(0, 5),
  );
}

function partialUsers(store: Store, row: GroupRow): unknown[] {
  return row.users.flatMap((pk) => {
    const user = store.users.get(pk);
    if (!user) return [];
    const { username, name, is_active, last_login, email, attributes } = user;
    return [
      { pk, username, name, is_active, last_login, email, attributes, uid: store.uidOf(user) },
    ];
  });
}

function toWire(store: Store, row: GroupRow, call: Call): unknown {
  const asked = (name: string, initial: boolean): boolean =>
    (call.query.get(name) ?? String(initial)) === "true";
  const children = store.groups.all().filter((group) => group.parents.includes(row.pk));
  const parents = row.parents.flatMap((pk) => store.groups.get(pk) ?? []);
  return {
    ...groupSummary(row),
    parents: row.parents,
    parents_obj: asked("include_parents", false) ? parents.map(groupSummary) : null,
    users: row.users,
    users_obj: asked("include_users", true) ? partialUsers(store, row) : null,
    roles: row.roles,
    roles_obj: [],
    inherited_roles_obj: asked("include_inherited_roles", false) ? [] : null,
    children: children.map((group) => group.pk),
    children_obj: asked("include_children", false) ? children.map(groupSummary) : null,
  };
}

/** What the real list offers to a search field in its own query language. */
const AUTOCOMPLETE = {
  current_model: "authentik_core.group",
  models: {
    "authentik_core.group": {
      name: { type: "str", nullable: false, options: null },
      is_superuser: { type: "bool", nullable: true, options: null },
      attributes: {
        type: "relation",
        nullable: false,
        options: null,
        relation: "authentik_core.group_attributes",
      },
    },
  },
};

const shape: Resource<GroupRow, Body> = {
  path: "core/groups/",
  model: "Group",
  table: (store) => store.groups,
  listing: ({ store, call }) => ({
    filters: {
      name: equals((row) => row.name),
      is_superuser: isTrue((row) => row.is_superuser),
      members_by_pk: isAnyOf(
        () => store.users.all().map(({ pk }) => pk),
        (row, values) => values.some((pk) => row.users.includes(Number(pk))),
        "number",
      ),
      members_by_username: isAnyOf(
        () => store.users.all().map(({ username }) => username),
        (row, values) =>
          row.users.some((pk) => values.includes(store.users.get(pk)?.username ?? "")),
      ),
    },
    search: (row) => [row.name],
    order: (row) => row.name,
    toWire: (row) => toWire(store, row, call),
    autocomplete: AUTOCOMPLETE,
  }),
  fields: ({ groups, users, roles }, self) => ({
    name: text({
      required: true,
      checks: [unique(groups, self, "name", "Group with this name already exists.")],
    }),
    is_superuser: flag(false),
    parents: manyOf(uuidOf((pk) => groups.get(pk) !== undefined)),
    users: setBack(manyOf(numberOf((pk) => users.get(pk) !== undefined))),
    attributes: object(),
    roles: manyOf(uuidOf((pk) => roles.get(pk) !== undefined)),
  }),
  create: (store, body) => store.groups.put({ pk: store.newId(), ...body }),
  remove: (store, row) => store.deleteGroup(row.pk),
};

const membership =
  (join: boolean) =>
  (context: ApiContext): ReturnType<typeof json> => {
    const read = readBody({ pk: whole({ required: true }) }, context.body(), "create");
    if ("wrong" in read) return json(400, read.wrong);
    const { pk } = read.value;
    return withRow(shape, context, (row) => {
      if (!context.store.users.get(pk)) return detail(404, "Not found.");
      const others = row.users.filter((user) => user !== pk);
      row.users = join ? [...others, pk] : others;
      return noContent();
    });
  };

/** Routes of core/groups. */
export const groupRoutes: ApiRoute[] = [
  ...resource(shape),
  { path: "core/groups/:key/add_user/", handlers: { POST: membership(true) } },
  { path: "core/groups/:key/remove_user/", handlers: { POST: membership(false) } },
];

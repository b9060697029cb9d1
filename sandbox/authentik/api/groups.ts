/** core/groups, with adding and removing members. */
import type { Call } from "../http";
import { json, noContent } from "../http";
import type { GroupRow } from "../model";
import type { Store } from "../store";
import { flag, listOf, numberOf, object, readBody, text, uuidOf } from "./fields";
import { equals, isTrue } from "./lists";
import type { Resource } from "./resource";
import { resource, withRow } from "./resource";
import type { ApiContext, ApiRoute } from "./route";

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
      members_by_pk: (row, values) => values.some((pk) => row.users.includes(Number(pk))),
      members_by_username: (row, values) =>
        row.users.some((pk) => values.includes(store.users.get(pk)?.username ?? "")),
    },
    search: (row) => [row.name],
    order: (row) => row.name,
    toWire: (row) => toWire(store, row, call),
    autocomplete: AUTOCOMPLETE,
  }),
  fields: (store) => ({
    name: text({ required: true }),
    is_superuser: flag(false),
    parents: listOf(uuidOf((pk) => store.groups.get(pk) !== undefined)),
    users: listOf(numberOf((pk) => store.users.get(pk) !== undefined)),
    attributes: object(),
    roles: listOf(uuidOf((pk) => store.roles.get(pk) !== undefined)),
  }),
  check: (store, body, self) =>
    store.groups.find((other) => other !== self && other.name === body.name)
      ? { name: ["Group with this name already exists."] }
      : {},
  create: (store, body) => store.groups.put({ pk: store.newId(), ...body }),
  remove: (store, row) => store.deleteGroup(row.pk),
};

const membership =
  (join: boolean) =>
  (context: ApiContext): ReturnType<typeof json> =>
    withRow(shape, context, (row) => {
      const known = (pk: number): boolean => context.store.users.get(pk) !== undefined;
      const read = readBody({ pk: numberOf(known, true) }, context.body ?? {}, "create");
      if ("wrong" in read) return json(400, read.wrong);
      const others = row.users.filter((pk) => pk !== read.value.pk);
      row.users = join ? [...others, read.value.pk] : others;
      return noContent();
    });

/** Routes of core/groups. */
export const groupRoutes: ApiRoute[] = [
  ...resource(shape),
  { path: "core/groups/:key/add_user/", handlers: { POST: membership(true) } },
  { path: "core/groups/:key/remove_user/", handlers: { POST: membership(false) } },
];

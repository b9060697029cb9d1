/** core/users: people, with their passwords and what the token's own user may see of itself. */
import { json, noContent } from "../http";
import type { UserRow } from "../model";
import { avatarOf } from "../pages/avatar";
import type { Store } from "../store";
import { email, NO_EMAIL, unique, userPath } from "./checks";
import type { Fields } from "./fields";
import { choice, flag, object, readBody, setBack, text } from "./fields";
import { groupSummary } from "./groups";
import { equals, isAnyOf, isTrue } from "./lists";
import { manyOf, uuidOf } from "./references";
import type { Resource } from "./resource";
import { resource, withRow } from "./resource";
import type { ApiContext, ApiRoute } from "./route";

const TYPES = ["internal", "external", "service_account", "internal_service_account"] as const;

interface Body {
  username: string;
  name: string;
  is_active: boolean;
  groups: string[];
  email: string;
  attributes: Record<string, unknown>;
  path: string;
  type: UserRow["type"];
}

/** A user as other objects show it. */
export function userSummary(store: Store, row: UserRow): Record<string, unknown> {
  const { pk, username, name, is_active, last_login, email, attributes } = row;
  return { pk, username, name, is_active, last_login, email, attributes, uid: store.uidOf(row) };
}

function withoutPassword({ password: _, ...user }: UserRow): Omit<UserRow, "password"> {
  return user;
}

/** A user in full, without its password. */
export function userToWire(store: Store, row: UserRow): Record<string, unknown> {
  const groups = store.groups.all().filter((group) => group.users.includes(row.pk));
  return {
    ...withoutPassword(row),
    is_superuser: store.isSuperuser(row),
    groups: groups.map((group) => group.pk),
    groups_obj: groups.map(groupSummary),
    roles: [],
    roles_obj: [],
    avatar: avatarOf(row),
    uid: store.uidOf(row),
  };
}

function join(store: Store, user: number, groups: readonly string[]): void {
  for (const group of store.groups.all()) {
    const others = group.users.filter((pk) => pk !== user);
    group.users = groups.includes(group.pk) ? [...others, user] : others;
  }
}

function typeProblem(type: string, self: UserRow | undefined): string | undefined {
  const [isInternal, wasInternal] = [type, self?.type].map((one) => one === TYPES[3]);
  if (wasInternal && !isInternal) {
    return "Can't change internal service account to other user type.";
  }
  return isInternal && !self
    ? "Setting a user to internal service account is not allowed."
    : undefined;
}

function fieldsOf(store: Store, self: UserRow | undefined): Fields<Body> {
  const isTaken = unique(store.users, self, "username", "This field must be unique.");
  return {
    username: text({ required: true, max: 150, checks: [isTaken] }),
    name: text({ required: true, blank: true }),
    is_active: flag(true),
    groups: setBack(manyOf(uuidOf((pk) => store.groups.get(pk) !== undefined))),
    email: text({ blank: true, initial: "", max: 254, last: email, notText: NO_EMAIL }),
    attributes: object(),
    path: text({ initial: "users", then: userPath }),
    type: choice(TYPES, "internal", (type) => typeProblem(type, self)),
  };
}

/** Adds a user to the store. */
export function addUser(store: Store, body: Body, password: string | null): UserRow {
  const { groups, ...rest } = body;
  const now = new Date().toISOString();
  const row = store.users.put({
    ...rest,
    pk: store.nextNumber(),
    last_login: null,
    date_joined: now,
    uuid: store.newId(),
    password_change_date: now,
    last_updated: now,
    password,
  });
  join(store, row.pk, groups);
  return row;
}

type Shape = Resource<
  UserRow & { groups?: string[] },
  Omit<Body, "groups"> & { groups?: string[] }
>;

const shape: Shape = {
  path: "core/users/",
  model: "User",
  lookup: "number",
  table: (store) => store.users,
  listing: ({ store }) => ({
    filters: {
      username: equals((row) => row.username),
      email: equals((row) => row.email),
      name: equals((row) => row.name),
      is_active: isTrue((row) => row.is_active),
      is_superuser: isTrue((row) => store.isSuperuser(row)),
      groups_by_name: isAnyOf(
        () => store.groups.all().map(({ name }) => name),
        (row, values) =>
          store.groups.all().some((one) => values.includes(one.name) && one.users.includes(row.pk)),
      ),
      groups_by_pk: isAnyOf(
        () => store.groups.all().map(({ pk }) => pk),
        (row, values) => values.some((pk) => store.groups.get(pk)?.users.includes(row.pk)),
        "uuid",
      ),
      uuid: equals((row) => row.uuid),
      path: equals((row) => row.path),
      type: isAnyOf(
        () => TYPES,
        (row, values) => values.includes(row.type),
      ),
    },
    search: (row) => [row.username, row.name, row.email],
    order: (row) => row.username,
    toWire: (row) => userToWire(store, row),
  }),
  fields: fieldsOf,
  check: (_store, _body, self) =>
    self?.type === TYPES[3]
      ? { non_field_errors: ["Can't modify internal service account users"] }
      : {},
  create: (store, body) => addUser(store, { ...body, groups: body.groups ?? [] }, null),
  changed: (store, row) => {
    row.last_updated = new Date().toISOString();
    if (row.groups) join(store, row.pk, row.groups);
    delete row.groups;
  },
  remove: (store, row) => store.deleteUser(row.pk),
};

function setPassword(context: ApiContext): ReturnType<typeof json> {
  const read = readBody({ password: text({ required: true }) }, context.body(), "create");
  if ("wrong" in read) return json(400, read.wrong);
  return withRow(shape, context, (row) => {
    row.password = read.value.password;
    row.password_change_date = new Date().toISOString();
    return noContent();
  });
}

/** What an administrator of Authentik may do besides; told by users/me. */
const SYSTEM_PERMISSIONS = [
  "manage_media_files",
  "change_initialpermissions",
  "change_role",
  "view_system_info",
  "delete_role",
  "view_media_files",
  "view_system_settings",
  "edit_system_settings",
  "unassign_role_permissions",
  "view_role",
  "view_initialpermissions",
  "assign_role_permissions",
  "access_admin_interface",
  "delete_initialpermissions",
  "add_role",
  "add_initialpermissions",
];

function me({ store, user }: ApiContext): ReturnType<typeof json> {
  const superuser = store.isSuperuser(user);
  return json(200, {
    user: {
      pk: user.pk,
      username: user.username,
      name: user.name,
      is_active: user.is_active,
      is_superuser: superuser,
      groups: store.groupsOf(user).map(({ name, pk }) => ({ name, pk })),
      roles: [],
      email: user.email,
      avatar: avatarOf(user),
      uid: store.uidOf(user),
      settings: {},
      type: user.type,
      system_permissions: superuser ? SYSTEM_PERMISSIONS : [],
    },
  });
}

/** Routes of core/users. */
export const userRoutes: ApiRoute[] = [
  { path: "core/users/me/", handlers: { GET: me }, access: "users" },
  ...resource(shape),
  { path: "core/users/:key/set_password/", handlers: { POST: setPassword } },
];

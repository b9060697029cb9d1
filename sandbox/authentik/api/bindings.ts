/** policies/bindings: who may use an application. A second equal binding is accepted, as really. */
import { json } from "../http";
import type { BindingRow } from "../model";
import { flag, numberOf, orNull, uuidOf, whole } from "./fields";
import { groupSummary } from "./groups";
import { equals, isTrue } from "./lists";
import { resource } from "./resource";
import type { ApiRoute } from "./route";
import { userSummary } from "./users";

type Body = Omit<BindingRow, "pk">;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const [collection, single] = resource<BindingRow, Body>({
  path: "policies/bindings/",
  model: "PolicyBinding",
  table: (store) => store.bindings,
  listing: ({ store }) => ({
    filters: {
      target: equals((row) => row.target),
      target__in: (row, values) => values.join(",").split(",").includes(row.target),
      policy: equals((row) => row.policy),
      policy__isnull: isTrue((row) => row.policy === null),
      enabled: isTrue((row) => row.enabled),
      order: equals((row) => row.order),
      timeout: equals((row) => row.timeout),
    },
    search: () => [],
    order: (row) => row.order,
    toWire: (row) => {
      const group = store.groups.get(row.group);
      const user = store.users.get(row.user);
      return {
        ...row,
        policy_obj: null,
        group_obj: group ? groupSummary(group) : null,
        user_obj: user ? userSummary(store, user) : null,
      };
    },
  }),
  fields: (store) => ({
    policy: orNull(uuidOf(() => false)),
    group: orNull(uuidOf((pk) => store.groups.get(pk) !== undefined)),
    user: orNull(numberOf((pk) => store.users.get(pk) !== undefined)),
    target: uuidOf(
      (pk) =>
        store.applications.get(pk) !== undefined ||
        store.flows.find((flow) => flow.policybindingmodel_ptr_id === pk) !== undefined,
      true,
    ),
    negate: flag(false),
    enabled: flag(true),
    order: whole({ required: true }),
    timeout: whole({ initial: 30 }),
    failure_result: flag(false),
  }),
  check: (_store, body, self) => {
    const after = { ...self, ...body };
    const set = [after.policy, after.group, after.user].filter(
      (pk) => pk !== null && pk !== undefined,
    );
    if (set.length === 1) return {};
    return {
      non_field_errors: [
        set.length
          ? "Only one of 'policy', 'group' or 'user' can be set."
          : "One of 'policy', 'group' or 'user' must be set.",
      ],
    };
  },
  create: (store, body) => store.bindings.put({ pk: store.newId(), ...body }),
  remove: (store, row) => store.bindings.remove(row.pk),
}) as [ApiRoute, ApiRoute];

/** Routes of policies/bindings. */
export const bindingRoutes: ApiRoute[] = [
  {
    ...collection,
    handlers: {
      ...collection.handlers,
      GET: (context) => {
        const target = context.call.query.get("target");
        return target && !UUID.test(target)
          ? json(400, { target: ["Enter a valid UUID."] })
          : collection.handlers.GET!(context);
      },
    },
  },
  single,
];

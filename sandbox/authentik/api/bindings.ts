/** policies/bindings: who may use an application. A second equal binding is accepted, as really. */
import type { BindingRow } from "../model";
import type { Store } from "../store";
import { flag, setBack, whole } from "./fields";
import { groupSummary } from "./groups";
import { isAnyOf, isNumber, isTrue, refersTo } from "./lists";
import { maybe, numberOf, uuidOf } from "./references";
import type { Resource } from "./resource";
import { resource } from "./resource";
import type { ApiRoute } from "./route";
import { userSummary } from "./users";

type Body = Omit<BindingRow, "pk">;

/** What a policy, a group or a user can be bound to: applications and flows. */
const targets = ({ applications, flows }: Store): string[] => [
  ...applications.all().map(({ pk }) => pk),
  ...flows.all().map((flow) => flow.policybindingmodel_ptr_id),
];

const shape: Resource<BindingRow, Body> = {
  path: "policies/bindings/",
  model: "PolicyBinding",
  table: (store) => store.bindings,
  listing: ({ store }) => ({
    filters: {
      target: refersTo(
        (pk) => targets(store).includes(pk),
        (row) => row.target,
      ),
      target_in: isAnyOf(
        () => targets(store),
        (row, values) => values.includes(row.target),
        "uuid",
      ),
      policy: refersTo(
        () => false,
        (row) => row.policy,
      ),
      policy__isnull: isTrue((row) => row.policy === null),
      enabled: isTrue((row) => row.enabled),
      order: isNumber((row) => row.order),
      timeout: isNumber((row) => row.timeout),
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
    policy: setBack(maybe(uuidOf(() => false))),
    group: maybe(uuidOf((pk) => store.groups.get(pk) !== undefined)),
    user: maybe(numberOf((pk) => store.users.get(pk) !== undefined)),
    target: uuidOf((pk) => targets(store).includes(pk), true),
    negate: flag(false),
    enabled: flag(true),
    order: whole({ required: true, min: -(2 ** 31), max: 2 ** 31 - 1 }),
    timeout: whole({ initial: 30, min: 0, max: 2 ** 31 - 1 }),
    failure_result: flag(false),
  }),
  // Of what is sent only, also by a PATCH: what the binding has already does not count.
  check: (_store, { policy, group, user }) => {
    const set = [policy, group, user].filter((pk) => pk !== null && pk !== undefined).length;
    if (set === 1) return {};
    const which = "'group', 'policy', 'user'";
    return {
      non_field_errors: [set ? `Only one of ${which} can be set.` : `One of ${which} must be set.`],
    };
  },
  create: (store, body) => store.bindings.put({ pk: store.newId(), ...body }),
  remove: (store, row) => store.bindings.remove(row.pk),
};

/** Routes of policies/bindings. */
export const bindingRoutes: ApiRoute[] = resource(shape);

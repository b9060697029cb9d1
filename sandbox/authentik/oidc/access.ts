/** Who may use an application: the bindings on it. */
import type { ApplicationRow, BindingRow, UserRow } from "../model";
import type { Store } from "../store";

/** Whether a user may use an application. One without bindings is open to everybody. */
export function mayUse(store: Store, application: ApplicationRow, user: UserRow): boolean {
  const bindings = store.bindings
    .all()
    .filter((binding) => binding.target === application.pk && binding.enabled);
  if (bindings.length === 0) return true;
  const passes = (binding: BindingRow): boolean => fits(store, binding, user) !== binding.negate;
  return application.policy_engine_mode === "all" ? bindings.every(passes) : bindings.some(passes);
}

function fits(store: Store, binding: BindingRow, user: UserRow): boolean {
  if (binding.user !== null) return binding.user === user.pk;
  return store.groupsOf(user).some((group) => group.pk === binding.group);
}

import type { ScopeMappingArgs } from "./oidcApplication";

/** The scope that carries the role, and the claim in it that Immich's `oauth.roleClaim` names. */
export const ROLE_SCOPE = "immich";
export const ROLE_CLAIM = "immich_role";

/** The scope mapping that tells Immich who is an administrator: members of any of the groups. */
export function adminRole(applicationName: string, groups: readonly string[]): ScopeMappingArgs {
  return {
    name: `${applicationName}: role`,
    scopeName: ROLE_SCOPE,
    description: `Administrator of ${applicationName} or user`,
    expression: adminRoleExpression(groups),
  };
}

/**
 * The Python expression of the scope mapping: `admin` for members of any of the groups, else `user`.
 * Immich knows these two roles.
 */
export function adminRoleExpression(groups: readonly string[]): string {
  const tests = groups.map(
    (group) => `ak_is_group_member(request.user, name=${pythonString(group)})`,
  );
  return `return {"${ROLE_CLAIM}": "admin" if ${tests.join(" or ")} else "user"}`;
}

/** A Python string literal. JSON's escapes are Python's, lone surrogates aside. */
function pythonString(text: string): string {
  return JSON.stringify(text);
}

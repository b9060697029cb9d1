/** The scope that carries the role, and the claim in it that Immich's `oauth.roleClaim` names. */
export const ROLE_SCOPE = "immich";
export const ROLE_CLAIM = "immich_role";

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

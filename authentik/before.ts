/** What is asked of Authentik before anything is made in it: who we are, what we may, and what is there. */
import { describe, field } from "../checks/http";
import type { AuthentikApi } from "./api";
import { findReferences, type Found, type Problem, type References } from "./references";
import { type Intent, missingRights } from "./rights";
import { versionProblem } from "./version";

/** What a user does about an argument or a token, by argument: `{ "accessGroups[N]": "npx pulumi …" }`. */
export type Commands = Readonly<Record<string, string>>;

/** What was found. */
export interface Answers extends Found {
  /** What is to be said, though nothing is in the way. */
  readonly warning?: string;
}

/**
 * Asks everything, before anything is made.
 * @throws Error with all that is in the way, in one message.
 */
export async function askFirst(
  api: AuthentikApi,
  wanted: References & Omit<Intent, "groups">,
  commands: Commands = {},
): Promise<Answers> {
  const user = await whoWeAre(api, commands);
  const groups = Object.keys(wanted.groups).length > 0;
  const [warning, missing] = await Promise.all([
    versionProblem(api),
    user.isSuperuser ? [] : missingRights(api, { ...wanted, groups }),
  ]);
  if (missing.length > 0) throw new Error(noRights(api, user.name, missing, commands));
  const found = await findReferences(api, wanted);
  if (isProblems(found)) throw new Error(notThere(api, found, commands));
  return { ...found, warning };
}

/**
 * Asks who we are: a wrong address or token is one message instead of one for each resource.
 * @throws Error that names the address, what came back and what to check.
 */
export async function whoWeAre(
  api: AuthentikApi,
  commands: Commands = {},
): Promise<{ readonly name: string; readonly isSuperuser: boolean }> {
  const reply = await api.askOnce("core/users/me/");
  if (reply.kind === "answer" && reply.status === 200) {
    const user = field(reply.json, "user");
    return {
      name: String(field(user, "username")),
      isSuperuser: field(user, "is_superuser") === true,
    };
  }
  if (reply.kind === "answer" && (reply.status === 401 || reply.status === 403))
    throw new Error(
      `Authentik at ${api.url} does not accept the API token (HTTP ${reply.status}). Nothing was touched.\n` +
        `  make one:  in Authentik's admin interface, Directory > Tokens and App passwords, intent API\n` +
        `  set it:    ${howTo(commands, "authentik.token")}`,
    );
  const what =
    reply.kind === "failure"
      ? `Authentik can't be reached at ${api.url}: ${describe(reply)}.`
      : `This is not Authentik's API: ${api.url} answered ${describe(reply)}.`;
  throw new Error(
    `${what} Nothing was touched.\n` +
      `  is this its address?       ${howTo(commands, "authentik.url")}\n` +
      `  is it up, and reachable?   curl -i ${api.url}/-/health/ready/`,
  );
}

/** The command for an argument; its name where there is none. */
export function howTo(commands: Commands, argument: string): string {
  const index = /\[(\d+)\]/.exec(argument);
  const command = commands[argument] ?? commands[argument.replace(/\[\d+\]/, "[N]")];
  return (
    (index ? command?.replaceAll("[N]", index[0]) : command) ?? `with the argument ${argument}`
  );
}

function isProblems(found: Found | readonly Problem[]): found is readonly Problem[] {
  return Array.isArray(found);
}

function notThere(api: AuthentikApi, problems: readonly Problem[], commands: Commands): string {
  return [
    `Authentik at ${api.url} lacks what this stack refers to. Nothing was touched.`,
    ...problems.flatMap(({ argument, problem, present }) => [
      "",
      `  ${argument}: ${problem}`,
      ...(present === undefined ? [] : [`    there are:    ${present}`]),
      `    set another:  ${howTo(commands, argument)}`,
    ]),
  ].join("\n");
}

function noRights(
  api: AuthentikApi,
  user: string,
  missing: readonly string[],
  commands: Commands,
): string {
  return [
    `The API token's user at Authentik (${api.url}), ${user}, lacks rights that are needed. Nothing was touched.`,
    "",
    ...missing.map((one) => `  missing: ${one}`),
    "",
    "  A user with just these rights: in Authentik's admin interface",
    "    1. Directory > Roles: make a role, and assign it these permissions (not for an object: for all)",
    `    2. Directory > Groups: make a group with that role and the user ${user}`,
    "    3. look again; a token of another user is made under Directory > Tokens, intent API, and set by",
    `       ${howTo(commands, "authentik.token")}`,
    "  The same as commands, with a service account: docs/authentik-token.md",
  ].join("\n");
}

/** What has to be there after an `up` that went well. */
import { loginName } from "../loginName";
import type { Homelab, Observation } from "./homelab";
import type { Configuration } from "./plan";

/**
 * Whether Immich, PostgreSQL and Authentik have what the configuration says, once.
 *
 * @param before what was there before the stack
 * @returns what is not so; undefined where all is
 */
export async function notDeployed(
  homelab: Homelab,
  before: Observation,
  configuration: Configuration,
  stack: string,
): Promise<string | undefined> {
  const saved = await homelab.saved();
  const wanted = {
    "oauth.enabled": true,
    "oauth.clientId": configuration["clientId"] ?? "immich-oauth-client",
    "oauth.buttonText": configuration["buttonText"] ?? "Login with Authentik",
  };
  for (const [key, value] of Object.entries(wanted)) {
    if (saved[key] !== value) return `${key} is ${JSON.stringify(saved[key])}, not ${value}`;
  }
  const roles = (await homelab.ourRoles()).map(({ name }) => name);
  const own = configuration["postgresLogin"] === "existing" ? [] : [loginName(stack)];
  if (roles.join() !== own.join()) return `there are the logins ${roles.join(", ") || "(none)"}`;

  const { authentik } = await homelab.observe();
  const made = Object.keys(authentik).filter((name) => !(name in before.authentik));
  const list = (key: string) => (configuration[key] as readonly string[] | undefined) ?? [];
  const due = {
    provider: 1,
    application: 1,
    binding: list("accessGroups").length,
    "scope mapping": list("adminGroups").length > 0 ? 1 : 0,
  };
  for (const [kind, number] of Object.entries(due)) {
    const count = made.filter((name) => name.startsWith(`${kind} `)).length;
    if (count !== number) return `Authentik has ${count} of our ${kind}s, not ${number}`;
  }
  return undefined;
}

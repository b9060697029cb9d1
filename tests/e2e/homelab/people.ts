/** People and groups of a run at Authentik, as every sandbox has them: Alice in both groups, Bob in none. */
import { newSecret } from "../../../sandbox/homelab/secrets";
import { PEOPLE } from "../../../sandbox/homelab/constants";
import type { Homelab, Person } from "./homelab";

/** Makes them; their names begin with the prefix. */
export async function makePeople(homelab: Homelab, prefix: string): Promise<Person[]> {
  const groups = [...new Set(PEOPLE.flatMap((one) => one.groups))];
  const keys: Record<string, unknown> = {};
  for (const name of groups)
    keys[name] = (await homelab.api("POST", "core/groups/", { name: prefix + name }))["pk"];
  const people: Person[] = [];
  for (const one of PEOPLE) {
    const person = {
      username: prefix + one.username,
      email: prefix + one.email,
      password: newSecret(),
    };
    const { pk } = await homelab.api("POST", "core/users/", {
      username: person.username,
      email: person.email,
      name: person.username,
      groups: one.groups.map((name) => keys[name]),
    });
    const { password } = person;
    await homelab.api("POST", `core/users/${String(pk)}/set_password/`, { password });
    people.push(person);
  }
  return people;
}

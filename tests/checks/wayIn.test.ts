// Password login off, or about to be: can an administrator of Immich still come in?
import { failureText } from "../../checks/print";
import { runChecks } from "../../checks/run";
import { refuseToLockAdminsOut } from "../../checks/wayIn";
import type { CheckInput, CheckResult } from "../../checks/types";
import type { Admin } from "../../immich/admins";
import { fakeHomelab, type Homelab } from "./fakeHomelab";

let homelab: Homelab;

beforeEach(async () => {
  homelab = await fakeHomelab();
});

afterEach(() => homelab.stop());

const admin = (email: string, linked = false): Admin => ({
  email,
  linked,
  oauthId: linked ? `uid of ${email}` : "",
});

async function door(change: Partial<CheckInput>, off = false): Promise<CheckResult | undefined> {
  homelab.world.features.passwordLogin = !off;
  const results = await runChecks({ ...homelab.input, ...change });
  return results.find((one) => one.id === "admin-way-in");
}

const cases: [string, readonly Admin[] | undefined, "ok" | "broken", RegExp][] = [
  ["one who is linked", [admin("root@example.org", true)], "ok", /no reason is known/],
  ["one whose address is a user's", [admin("alice@example.org")], "ok", /no reason is known/],
  [
    "one who has no user",
    [admin("root@example.org")],
    "broken",
    /no administrator of Immich can log in through Authentik: root@example.org has no user there/,
  ],
  ["none at all", [], "broken", /no administrator yet/],
  ["not to be seen", undefined, "ok", /no reason is known/],
];

test.each(cases)("%s: before it is applied", async (_, admins, verdict, seen) => {
  const immichAdmins = () => Promise.resolve(admins);
  expect(await door({ immichAdmins, passwordLogin: false })).toMatchObject({
    verdict,
    seen: expect.stringMatching(seen) as string,
  });
});

test.each(cases)("%s: once it is off", async (_, admins, verdict) => {
  const immichAdmins = () => Promise.resolve(admins);
  expect((await door({ immichAdmins }, true))?.verdict).toBe(verdict);
});

test.each(cases)("%s: asked before anything is written", async (_, admins, verdict, seen) => {
  const input = { ...homelab.input, immichAdmins: () => Promise.resolve(admins) };
  const refused = refuseToLockAdminsOut(input);
  if (verdict === "ok") await expect(refused).resolves.toBeUndefined();
  else {
    await expect(refused).rejects.toThrow(seen);
    await expect(refused).rejects.toThrow(/Nothing has been changed. .*config rm passwordLogin/);
  }
});

test("passwords on, and to stay on: nobody is asked about administrators", async () => {
  const immichAdmins = () => Promise.reject(new Error("asked"));
  expect((await door({ immichAdmins, passwordLogin: true }))?.verdict).toBe("ok");
  expect((await door({ immichAdmins }))?.verdict).toBe("ok");
});

test("a user who is not active, or in none of the groups, is no way in", async () => {
  const immichAdmins = () => Promise.resolve([admin("alice@example.org")]);
  const wanted = { immichAdmins, passwordLogin: false };
  expect((await door({ ...wanted, accessGroups: ["others"] }))?.verdict).toBe("broken");
  homelab.world.members = [
    { username: "alice", email: "alice@example.org", is_active: false },
    { username: "bob", email: "bob@example.org", is_active: true },
  ];
  expect((await door(wanted))?.verdict).toBe("broken");
});

test("the role claim makes administrators of others: not known then", async () => {
  const { settings } = homelab.input;
  const input = { settings: { ...settings, "oauth.roleClaim": "immich_role" } };
  homelab.world.settings["oauth.roleClaim"] = "immich_role";
  const immichAdmins = () => Promise.resolve([]);
  expect((await door({ ...input, immichAdmins, passwordLogin: false }))?.verdict).toBe("ok");
});

test("passwords off and OAuth broken: the message says how to get in", async () => {
  homelab.world.features.passwordLogin = false;
  homelab.world.secret = "another";
  const text = failureText(await runChecks(homelab.input));
  expect(text).toMatch(/^Password login is off too: `immich-admin enable-password-login`/m);
});

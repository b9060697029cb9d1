// With adminGroupsDemote: who of Immich's administrators would lose the rights?
import { runChecks } from "../../checks/run";
import type { CheckInput, CheckResult } from "../../checks/types";
import { fakeHomelab, type Homelab } from "./fakeHomelab";

let homelab: Homelab;

beforeEach(async () => {
  homelab = await fakeHomelab();
  homelab.world.version = "3.1.0";
  homelab.world.members = [
    { username: "alice", email: "Alice@example.org", uid: "uid-alice", is_active: true },
  ];
});

afterEach(() => homelab.stop());

const admin = (email: string, oauthId = "") => ({ email, oauthId, linked: oauthId !== "" });

async function rights(
  admins: ReturnType<typeof admin>[] | undefined,
  change: Partial<CheckInput> = {},
): Promise<CheckResult | undefined> {
  const results = await runChecks({
    ...homelab.input,
    soleAdminGroups: ["immich-users"],
    immichAdmins: () => Promise.resolve(admins),
    ...change,
  });
  return results.find((one) => one.id === "admin-rights");
}

test("members by e-mail, or by the identity that they are linked to: nobody loses anything", async () => {
  expect(await rights([admin("alice@example.org")])).toMatchObject({ verdict: "ok" });
  expect(await rights([admin("other@example.org", "uid-alice")])).toMatchObject({
    verdict: "ok",
    seen: "every administrator of Immich is a member",
  });
});

test("whoever is no member is named, with the two ways to keep the rights and the one to get them back", async () => {
  const found = await rights([
    admin("root@example.org"),
    admin("alice@example.org", "uid-of-another"),
    admin("alice@example.org"),
  ]);
  expect(found).toMatchObject({
    verdict: "ok",
    seen: "no more an administrator after the next login through Authentik: root@example.org, alice@example.org",
  });
  expect(found?.warning).toMatch(
    /root@example\.org.*Groups > immich-users > Users.*adminGroupsDemote false.*immich-admin grant-admin/,
  );
});

test("nobody in the groups: broken, as nobody would be left", async () => {
  homelab.world.members = [];
  const found = await rights([admin("root@example.org", "uid-root")]);
  expect(found).toMatchObject({ verdict: "broken" });
  expect(found?.seen).toMatch(/root@example\.org; and the groups have no member/);
  expect(found?.fix).toMatch(/grant-admin/);
});

test("not asked for, or an Immich that reads roles for new users only: nobody is asked", async () => {
  const immichAdmins = () => Promise.reject(new Error("asked"));
  const none = { soleAdminGroups: undefined, immichAdmins };
  expect(await rights([], none)).toMatchObject({
    verdict: "ok",
    seen: "nobody's rights are taken away",
  });
  homelab.world.version = "3.0.0";
  expect((await rights([], { immichAdmins }))?.seen).toBe(
    "Immich 3.0.0 takes no rights away: it reads roles for new users only",
  );
});

test("a login at Postgres that may not see Immich's users: unknown", async () => {
  expect(await rights(undefined)).toMatchObject({ verdict: "unknown" });
});

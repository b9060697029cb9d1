/** Authentik's side of a living stack: other slugs, changes by hand, things that are missing, leftovers. */
import { loginAs } from "../../checks/login";
import { changesOf, startLab, type Lab } from "./lab";
import { needsControl } from "./needs";

const { test } = needsControl("it is written for the sandbox's names and controls");

jest.setTimeout(300_000);

type Json = Record<string, unknown>;

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ immichVersion: "2.3.1" });
});
afterAll(() => lab?.stop());

const configure = (values: Json): void => lab.project.configure("sandbox", values);

const api = (method: string, path: string, body?: object): Promise<Json> =>
  lab.homelab.api(method, path, body);

async function list(path: string): Promise<Json[]> {
  return (await api("GET", path))["results"] as Json[];
}

async function provider(): Promise<Json> {
  const [found] = await list("providers/oauth2/?name=immich-oauth-provider");
  if (!found) throw new Error("no provider");
  return found;
}

const login = () => {
  const [user] = lab.sandbox.users;
  if (!user) throw new Error("no user");
  return loginAs({ immichUrl: lab.sandbox.immich.url, ...user });
};

/** What the CLI says, without the blanks that it indents with. */
async function said(...args: string[]): Promise<{ code: number; text: string; errors: number }> {
  const { code, stdout, stderr } = await lab.project.run(...args);
  const text = (stdout + stderr).replace(/\n +/g, "\n");
  // Progress has them once more, and the engine has a last word.
  const diagnostics = text.slice(text.indexOf("Diagnostics:"));
  const errors = diagnostics.match(/error: (?!preview failed|update failed)/g)?.length ?? 0;
  return { code, text, errors };
}

describe("what is missing in Authentik is one message, and nothing is made", () => {
  test.each([["preview"], ["up", "--yes", "--skip-preview"]])("pulumi %s", async (...command) => {
    configure({
      authorizationFlow: "nowhere",
      invalidationFlow: "default-authentication-flow",
      signingKey: "no such key",
      scopes: "openid email birthday",
      accessGroups: ["immich-users", "freinds"],
      adminGroups: ["nobodies"],
    });
    const { code, text, errors } = await said(...command);
    const set = "set another:  npx pulumi config set --stack sandbox";
    expect(code).not.toBe(0);
    expect(errors).toBe(1);
    for (const line of [
      "authorizationFlow: Authentik has no flow with the slug nowhere",
      "there are:    default-provider-authorization-explicit-consent, default-provider-authorization-implicit-consent",
      `${set} authorizationFlow SLUG`,
      'invalidationFlow: Authentik\'s flow default-authentication-flow is of designation "authentication"; it must be "invalidation"',
      'signingKey: Authentik has no certificate named "no such key"',
      "there are:    authentik Self-signed Certificate",
      "scopes: Authentik has no scope mapping for the scope birthday",
      'accessGroups[1]: Authentik has no group named "freinds"',
      "there are:    authentik Admins, immich-admins, immich-users",
      `${set} --path 'accessGroups[1]' NAME`,
      'adminGroups[0]: Authentik has no group named "nobodies"',
    ])
      expect(text).toContain(`\n${line}`);
    expect(text).not.toMatch(/serializing|invocation|closing/);
    expect(text).toMatch(/\n\+ 1 (created|to create)\n/); // the stack itself
    expect(await list("providers/oauth2/")).toEqual([]);
  });

  afterAll(() =>
    configure({
      authorizationFlow: undefined,
      invalidationFlow: undefined,
      signingKey: undefined,
      scopes: undefined,
      accessGroups: ["immich-users"],
      adminGroups: undefined,
    }),
  );
});

test("an Authentik that is too old is said in the preview", async () => {
  await lab.sandbox.control("authentik/faults", { version: "2025.8.1" });
  const { code, text } = await said("preview");
  expect(text).toContain(
    "is 2025.8.1; this program's Authentik provider is made for 2026.5 and newer",
  );
  expect(code).toBe(0);
  await lab.sandbox.control("authentik/faults", { method: "DELETE" });
});

describe("a living stack", () => {
  test("goes on with a new slug, and another, as if it always had it", async () => {
    await lab.up();
    const before = await api("GET", "core/applications/immich/");
    await api("PATCH", "core/applications/immich/", { meta_description: "Our photos" });
    await api("POST", "policies/bindings/", {
      target: before["pk"],
      user: 1,
      order: 7,
      negate: true,
    });
    const theirs = await list(`policies/bindings/?target=${String(before["pk"])}`);
    for (const slug of ["photos", "pictures"]) {
      configure({ applicationSlug: slug });
      await lab.up();
      const now = await api("GET", `core/applications/${slug}/`);
      expect(now).toMatchObject({ pk: before["pk"], meta_description: "Our photos" });
      expect(await list(`policies/bindings/?target=${String(now["pk"])}`)).toEqual(theirs);
      expect(await login()).toMatchObject({ ok: true });
    }
    expect(await lab.up()).not.toHaveProperty("updated");
    await lab.project.ok("refresh", "--yes", "--skip-preview", "--run-program");
    expect(await lab.up()).not.toHaveProperty("updated");
    configure({ applicationSlug: "immich" });
    await lab.up();
    expect(await list("core/applications/?slug=pictures")).toEqual([]);
  });

  test("refuses a slug that somebody else's application has, in the preview", async () => {
    await api("POST", "core/applications/", { name: "Photos", slug: "photos" });
    configure({ applicationSlug: "photos" });
    const { code, text } = await said("preview");
    expect(code).not.toBe(0);
    expect(text).toContain("Authentik has an application with the slug photos already");
    expect(text).toContain(
      "use another:  npx pulumi config set --stack sandbox applicationSlug SLUG",
    );
    configure({ applicationSlug: undefined });
    await api("DELETE", "core/applications/photos/");
  });

  test("refuses a client ID that another provider has, in the preview", async () => {
    const { authorization_flow, invalidation_flow } = await provider();
    const other = await api("POST", "providers/oauth2/", {
      name: "Other",
      client_id: "other-client",
      authorization_flow,
      invalidation_flow,
      redirect_uris: [],
    });
    configure({ clientId: "other-client" });
    const { code, text } = await said("preview");
    expect(code).not.toBe(0);
    expect(text).toContain('the client ID other-client already, in the provider "Other"');
    configure({ clientId: undefined });
    await api("DELETE", `providers/oauth2/${String(other["pk"])}/`);
  });

  test("names what somebody changed in Authentik, property by property, without a secret", async () => {
    const { pk, redirect_uris } = await provider();
    await api("PATCH", `providers/oauth2/${String(pk)}/`, {
      client_secret: "by-hand-canary",
      signing_key: null,
      access_token_validity: "hours=9",
      redirect_uris: [
        ...(redirect_uris as Json[]),
        { matching_mode: "strict", url: "https://elsewhere.example/callback" },
      ],
    });
    const lines = [
      "clientSecret: another one",
      "allowedRedirectUris: - https://elsewhere.example/callback",
      "signingKey: none => authentik Self-signed Certificate",
    ].join("\n");
    const plain = await said("preview");
    expect(plain.text).toContain(
      "Authentik's provider immich-oauth-provider is not as this stack made it:\n" +
        `${lines}\nput it right:  npx pulumi up --refresh --stack sandbox`,
    );
    const refreshed = await said("preview", "--refresh", "--run-program");
    const changes = `Changes of the provider immich-oauth-provider in Authentik:\n${lines}`;
    expect(refreshed.text).toContain(changes);
    expect(refreshed.text).not.toContain("is not as this stack made it");
    const healed = await said("up", "--yes", "--skip-preview", "--refresh", "--run-program");
    expect(healed.text).toContain(changes);
    expect(plain.text + refreshed.text + healed.text).not.toContain("canary");
    expect(await provider()).toMatchObject({
      redirect_uris,
      access_token_validity: "hours=9", // a person's choice, which no login breaks by
    });
    expect((await said("preview")).text).not.toMatch(/is not as|Changes of/);
  });

  test("names what somebody changed of a scope mapping and of who may log in, and what is gone", async () => {
    configure({ accessGroups: ["immich-users", "immich-admins"], adminGroups: ["immich-admins"] });
    await lab.up();
    const { pk } = await api("GET", "core/applications/immich/");
    const bound = (): Promise<Json[]> => list(`policies/bindings/?target=${String(pk)}`);
    const [group] = await list("core/groups/?name=authentik Admins");
    const [mapping] = (await list("propertymappings/provider/scope/")).filter(
      ({ name }) => name === "Immich: role",
    );
    const path = `propertymappings/provider/scope/${String(mapping?.["pk"])}/`;
    const made = await bound();
    const [users, admins] = [0, 1].map((order) =>
      made.find((one) => one["order"] === order && one["group"] !== null),
    );
    await api("PATCH", path, {
      description: "Changed",
      expression: 'return {"immich_role": "admin"}',
    });
    await api("PATCH", `policies/bindings/${String(users?.["pk"])}/`, {
      group: group?.["pk"],
      enabled: false,
      negate: true,
      order: 5,
    });
    await api("DELETE", `policies/bindings/${String(admins?.["pk"])}/`);
    const role = [
      "Immich: role",
      `description: "Changed" => ${JSON.stringify(mapping?.["description"])}`,
      `expression: "return {\\"immich_role\\": \\"admin\\"}" => ${JSON.stringify(mapping?.["expression"])}`,
    ] as const;
    const binding = [
      "group: authentik Admins => immich-users",
      "negate: true => false",
      "enabled: false => true",
      "order: 5 => 0",
    ].join("\n");
    const heal = "put it right:  npx pulumi up --refresh --stack sandbox";
    const plain = await said("preview");
    for (const warning of [
      `scope mapping ${role[0]} is not as this stack made it:\n${role[1]}\n${role[2]}\n${heal}`,
      `policy binding of the group immich-users is not as this stack made it:\n${binding}\n${heal}`,
      `policy binding of the group immich-admins, which this stack made, is gone.\n${heal}`,
    ])
      expect(plain.text).toContain(`Authentik's ${warning}`);
    const healed = await said("up", "--yes", "--skip-preview", "--refresh", "--run-program");
    expect(healed.text).toContain(
      `Changes of the scope mapping ${role[0]} in Authentik:\n${role[1]}\n${role[2]}`,
    );
    expect(healed.text).toContain(
      `Changes of the policy binding of the group immich-users in Authentik:\n${binding}`,
    );
    expect(healed.text).not.toMatch(/is not as|is gone/);
    expect(await api("GET", path)).toEqual(mapping);
    const does = ({ group, user, negate, enabled, order }: Json): string =>
      JSON.stringify([order, group, user, negate, enabled]);
    expect((await bound()).map(does).sort()).toEqual(made.map(does).sort());
    expect((await said("preview")).text).not.toMatch(/is not as|is gone|Changes of/);
    configure({ accessGroups: ["immich-users"], adminGroups: undefined });
    await lab.up();
  });

  test("a binding that a killed up left does not stay beside the stack's own", async () => {
    const { pk } = await api("GET", "core/applications/immich/");
    const path = `policies/bindings/?target=${String(pk)}`;
    configure({ accessGroups: ["immich-users", "immich-admins"] });
    const [group] = await list("core/groups/?name=immich-admins");
    const left = { target: pk, group: group?.["pk"], order: 1 };
    await api("POST", "policies/bindings/", left);
    await api("POST", "policies/bindings/", { ...left, order: 9 });
    const preview = await said("preview");
    expect(preview.text).toContain("Authentik has this policy binding already");
    expect(await lab.up()).toMatchObject({ created: 1 });
    const now = (await list(path)).filter((one) => one["group"] === group?.["pk"]);
    expect(now.map(({ order }) => order)).toEqual([1, 9]);
  });

  test("is gone after destroy", async () => {
    const output = await lab.project.ok("destroy", "--yes", "--skip-preview", "--run-program");
    expect(changesOf(output)).not.toHaveProperty("errored");
    expect(await list("providers/oauth2/")).toEqual([]);
    expect(await list("core/applications/")).toEqual([]);
  });
});

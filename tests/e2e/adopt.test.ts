/**
 * Moving from the tutorial to code: what was made by hand is taken over, what a killed `up` left behind
 * is made again.
 */
import { spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { readFileSync } from "node:fs";

import { claimMappings } from "../../components/claims";
import { byHand } from "./byHand";
import type { Json } from "./homelab/inventory";
import { changesOf, startLab, type Lab } from "./lab";
import { needsImmich } from "./needs";
import { closedPort } from "./project";

jest.setTimeout(240_000);

const root = resolve(__dirname, "../..");
let lab: Lab;

beforeAll(async () => {
  lab = await startLab({ immichVersion: "2.3.1" }); // one that takes roles
  // The tutorial has one redirect URI.
  lab.project.configure(lab.stack, { accountLinking: false, mobileApp: false });
});
afterAll(() => lab?.stop());

const { api, first, makeProvider, makeApplication, remove } = byHand(() => lab);

/** `npm run adopt`, without the setup before it. */
async function adopt(): Promise<{ code: number; output: string }> {
  const file = join(lab.project.folder, `Pulumi.${lab.stack}.yaml`);
  const child = spawn(
    process.execPath,
    ["-r", "./register.js", "commands/adopt.ts", "--stack", lab.stack, "--config-file", file],
    { cwd: root, env: { ...process.env, ...lab.project.environment } },
  );
  let output = "";
  child.stdout.on("data", (text) => (output += text));
  child.stderr.on("data", (text) => (output += text));
  const code = await new Promise<number>((done) => child.once("close", (code) => done(code ?? 1)));
  return { code, output };
}

async function state(): Promise<Json[]> {
  const text = await lab.project.ok("stack", "export", "--show-secrets");
  return JSON.parse(text).deployment.resources ?? [];
}

describe("someone who followed the tutorial by hand", () => {
  let made: { provider: Json; application: Json };
  const now = async () => ({
    provider: await api(`providers/oauth2/${String(made.provider["pk"])}/`),
    application: await api(`core/applications/${lab.name("immich")}/`),
  });

  beforeAll(async () => {
    const provider = await makeProvider("made-by-hand-canary");
    const application = await makeApplication(provider["pk"], { meta_description: "Our photos" });
    made = { provider, application };
    made = await now();
    await lab.homelab.save({
      oauth: {
        enabled: true,
        issuerUrl: `${lab.homelab.authentik.publicUrl}/application/o/${lab.name("immich")}/`,
        clientId: lab.name("immich-oauth-client"),
        clientSecret: "made-by-hand-canary",
        autoRegister: true,
      },
    });
    expect(await lab.logIn()).toMatchObject({ ok: true });
  });

  test.each([["preview"], ["up", "--yes", "--skip-preview"]])(
    "is told by pulumi %s, in one message, and nothing is touched",
    async (...command) => {
      const { code, stdout, stderr } = await lab.project.run(...command);
      const diagnostics = stdout.slice(stdout.indexOf("Diagnostics:"));
      expect(code).not.toBe(0);
      expect(diagnostics).toContain(
        `Authentik has a provider named ${lab.name("immich-oauth-provider")} already, made by hand or by another stack.\n` +
          `      take it over:     npm run adopt -- --stack ${lab.stack}\n` +
          `      or use another:   npx pulumi config set --stack ${lab.stack} providerName NAME`,
      );
      expect(diagnostics.match(/error:/g)).toHaveLength(2); // that one, and the engine's "… failed"
      expect(stdout + stderr).not.toMatch(/\n\s+at |canary|node_modules/);
      expect(await now()).toEqual(made);
      expect(await lab.roles()).toEqual([]); // nor a login made
    },
  );

  test("takes both over without a change to either", async () => {
    const { code, output } = await adopt();
    expect(output).toContain(
      `Taken into the stack ${lab.stack}; nothing was changed in Authentik:`,
    );
    expect(output).toContain(
      `${lab.name("immich-oauth-provider")} (number ${String(made.provider["pk"])})`,
    );
    expect(output).toContain(`${lab.name("Immich")} (slug ${lab.name("immich")})`);
    expect(output).not.toContain("canary");
    expect(code).toBe(0);
    expect(await now()).toEqual(made);
    const resources = (await state()).filter(({ type }) => String(type).startsWith("authentik:"));
    expect(resources).toHaveLength(2);
    for (const mark of ["protect", "importID", "ignoreChanges"])
      expect(resources.filter((one) => one[mark])).toEqual([]);
    // A destroy before the next up must not delete what a person made.
    expect(resources.map(({ retainOnDelete }) => retainOnDelete)).toEqual([true, true]);
    expect(await lab.project.ok("config", "get", "retainOnDelete")).toBe("true");
    const file = readFileSync(join(lab.project.folder, `Pulumi.${lab.stack}.yaml`), "utf8");
    expect(file).toMatch(/clientSecret:\n\s+secure: /);
    expect(file).not.toContain("canary");
  });

  test("may do so twice", async () => {
    const before = await state();
    const { code, output } = await adopt();
    expect(output).toMatch(/^Nothing to take over: what Authentik .* has is in the stack /);
    expect(code).toBe(0);
    expect(await state()).toEqual(before);
  });

  test("then sees in a preview that nothing of theirs differs", async () => {
    const preview = await lab.project.ok("preview", "--json");
    const steps = JSON.parse(preview).steps as { op: string; urn: string }[];
    const of = (name: string) => steps.find(({ urn }) => urn.endsWith(`::${name}`));
    // Not the secret, nor the order of the mappings, which is Authentik's own, nor the validity that it gave by default.
    expect(of("immich-provider")).toBeUndefined();
    expect(of("immich-application")).toBeUndefined(); // description and all
  });

  test("and up goes on: the same objects, the same secret on both sides, logins work", async () => {
    await lab.up();
    const after = await now();
    expect((await lab.outputs())["clientSecret"]).toBe("made-by-hand-canary");
    expect(after.provider["client_secret"]).toBe("made-by-hand-canary");
    expect(after.application).toMatchObject({
      pk: made.application["pk"],
      meta_description: "Our photos",
    });
    expect(await lab.logIn()).toMatchObject({ ok: true });
  });

  test("a secret that the stack makes is no change that destroy forgets", async () => {
    await lab.project.ok("config", "rm", "clientSecret");
    await lab.up();
    const { provider } = await now();
    expect(provider["client_secret"]).not.toBe("made-by-hand-canary");
    expect(await lab.up()).toEqual({ unchanged: 17 });
  });

  test("destroy leaves what a person made, and a login that works as it did by hand", async () => {
    const output = await lab.project.ok("destroy", "--yes", "--skip-preview");
    expect(output).toMatch(/those of the same OAuth client, which stays in Authentik/);
    const after = await now();
    expect(after.application["pk"]).toBe(made.application["pk"]);
    expect(after.provider["pk"]).toBe(made.provider["pk"]);
    expect(await state()).toEqual([]);
    expect(await lab.logIn()).toMatchObject({ ok: true });
    await remove(`core/applications/${lab.name("immich")}/`);
    await remove(`providers/oauth2/${String(made.provider["pk"])}/`);
    lab.project.configure(lab.stack, { retainOnDelete: undefined });
  });
});

describe("what a killed up left in Authentik", () => {
  /** As far as an `up` comes that is killed before `name` is in the state. */
  const upBefore = (name: string) => lab.up("--exclude", `**::${name}`, "--exclude-dependents");

  const { test } = needsImmich("1.138.1");

  test("a scope mapping is made again, and a provider with the stack's own secret", async () => {
    const adminGroups = [lab.name("immich-admins")];
    lab.project.configure(lab.stack, { adminGroups });
    await upBefore("immich-role");
    const { role } = claimMappings(lab.name("Immich"), {
      adminGroups,
      adminGroupsDemote: false,
      storageQuotas: {},
      storageLabelAttribute: "",
    });
    const { name, scopeName, description, expression } = role!;
    const lost = await api("propertymappings/provider/scope/", {
      name,
      scope_name: scopeName,
      description,
      expression,
    });
    expect(await upBefore("immich-provider")).toMatchObject({ created: 1 });
    const mapping = await first(
      `propertymappings/provider/scope/?name=${lab.name("Immich")}: role`,
    );
    expect(mapping["pk"]).not.toBe(lost["pk"]);

    const password = (await state()).find(({ urn }) => String(urn).endsWith("client-secret"));
    const { plaintext } = (password?.["outputs"] as { result: { plaintext: string } }).result;
    const left = await makeProvider(JSON.parse(plaintext), mapping["pk"]);
    const preview = await lab.project.ok("preview");
    expect(preview).toContain(
      `provider named ${lab.name("immich-oauth-provider")} already, exactly as this stack makes it`,
    );
    expect((await first(`providers/oauth2/?name=${lab.name("immich-oauth-provider")}`))["pk"]).toBe(
      left["pk"],
    );
    expect(await upBefore("immich-application")).toMatchObject({ created: 1 });
    const found = await first(`providers/oauth2/?name=${lab.name("immich-oauth-provider")}`);
    expect(found["pk"]).not.toBe(left["pk"]);
    expect(found["property_mappings"]).toHaveLength(4);
  });

  test("an application of the stack's own provider is made again", async () => {
    const { pk } = await first(`providers/oauth2/?name=${lab.name("immich-oauth-provider")}`);
    const left = await makeApplication(pk);
    lab.project.configure(lab.stack, { adminGroups: undefined });
    await lab.up();
    expect((await api(`core/applications/${lab.name("immich")}/`))["pk"]).not.toBe(left["pk"]);
    expect(await lab.logIn()).toMatchObject({ ok: true });
    const output = await lab.project.ok("destroy", "--yes", "--skip-preview");
    expect(changesOf(output)).toMatchObject({ deleted: 17 });
  });
});

test("where nothing is there, that is said", async () => {
  const { code, output } = await adopt();
  expect(output).toContain("Nothing to take over: Authentik at");
  expect(output).toContain(`npx pulumi up --stack ${lab.stack}`);
  expect(code).toBe(0);
});

test("with Authentik out of reach one message says so, at once", async () => {
  const url = `http://127.0.0.1:${await closedPort()}`;
  lab.project.configure(lab.stack, { "authentik:url": url });
  const started = Date.now();
  const { code, output } = await adopt();
  expect(code).toBe(1);
  expect(output).toContain(`Authentik can't be reached at ${url}`);
  expect(output).not.toMatch(/\n\s+at /);
  expect(Date.now() - started).toBeLessThan(20_000);
});

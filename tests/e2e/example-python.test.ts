/**
 * examples/python: a program in Python that uses the provider `immich` by the SDK that is generated from its schema,
 * deployed by Pulumi's engine to the sandbox.
 */
import { execFile } from "node:child_process";
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { promisify } from "node:util";

import { loginAs } from "../../checks/login";
import { pulumi } from "../../commands/cli";
import { type Sandbox, startSandbox } from "../../sandbox/client";
import { writeStackFile } from "../../sandbox/homelab/stackFile";
import { interpreter, lacking, makeEnvironment } from "../support/python/environment";
import { buildGenerator, run } from "../support/sdkGenerator/build";
import { byHand } from "./byHand";
import { found } from "./canaries";
import { Homelab } from "./homelab/homelab";
import { needsControl } from "./needs";
import { makeProject, type Project } from "./project";

jest.setTimeout(900_000);

const { test } = needsControl("it is written for the sandbox's names");

const root = resolve(__dirname, "../..");
const helpers = join(root, "tests/support/python");
const missing = lacking();
const why = missing && ` (skipped: ${missing})`;
const testIfPossible = missing ? test.skip : test;

const CLIENT_SECRET = "python-client-secret-canary";
let scratch: string;
let environment: string;
let sandbox: Sandbox;
let project: Project;

beforeAll(async () => {
  if (missing) return;
  scratch = mkdtempSync(join(tmpdir(), "immich-python-"));
  environment = join(scratch, "venv");
  sandbox = await startSandbox({ portBase: 0 });
  const where = { homelab: new Homelab(sandbox), name: (name: string) => name };
  const { makeProvider, makeApplication } = byHand(() => where);
  await makeApplication((await makeProvider(CLIENT_SECRET))["pk"]);
  const stackFile = join(scratch, "Pulumi.home.yaml");
  await writeStackFile(stackFile, "sandbox", configuration());
  project = await makeProject("home", {}, prepare, "examples/python");
  function prepare(folder: string): void {
    const file = join(folder, "Pulumi.yaml");
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.replaceAll("../../provider", join(root, "provider")));
    for (const made of ["sdks", "venv"]) rmSync(join(folder, made), { force: true });
    symlinkSync(join(scratch, "sdks"), join(folder, "sdks"));
    copyFileSync(stackFile, join(folder, "Pulumi.home.yaml"));
  }
  await generateSdk();
  const lists = ["requirements.txt", join(helpers, "requirements.txt")];
  makeEnvironment(environment, project.folder, ...lists);
});
afterAll(async () => {
  project?.remove();
  await sandbox?.stop();
  if (scratch) rmSync(scratch, { recursive: true, force: true });
});

function configuration() {
  const { ssh, immich, postgres, authentik } = sandbox;
  return {
    "immich-oauth:authentikUrl": authentik.url,
    "immich-oauth:slug": "immich",
    "immich-oauth:clientId": "immich-oauth-client",
    "immich-oauth:clientSecret": { secret: CLIENT_SECRET },
    "immich-oauth:immichUrl": immich.url,
    "immich-oauth:buttonText": "Login from Python",
    "immich:apiUrl": immich.url,
    "immich:sshHost": ssh.host,
    "immich:sshPort": ssh.port,
    "immich:sshUser": ssh.user,
    "immich:sshHostKey": ssh.hostKey,
    "immich:sshPrivateKey": { secret: ssh.privateKey },
    "immich:postgresPort": postgres.port,
    "immich:postgresPassword": { secret: postgres.password },
    "immich:tunnelPort": 26_000 + (process.pid % 5_000),
  };
}

/** What `pulumi install` does, whose part for Python needs a language host that no package registry carries. */
async function generateSdk(): Promise<void> {
  const { stdout } = await pulumi(["package", "get-schema", join(root, "provider")]);
  const schema = join(scratch, "schema.json");
  writeFileSync(schema, stdout);
  run(buildGenerator(scratch), [schema, join(scratch, "sdks/immich"), "python"], scratch);
}

/** Runs the program. By operation, how many resources. */
async function up(): Promise<Record<string, number>> {
  const PATH = [join(root, "node_modules/.bin"), process.env["PATH"]].join(delimiter);
  const env = { ...process.env, ...project.environment, PULUMI_SKIP_UPDATE_CHECK: "true", PATH };
  const args = [join(helpers, "deploy.py"), project.folder, "home"];
  const { stdout } = await promisify(execFile)(interpreter(environment), args, { env });
  return JSON.parse(stdout);
}

/** Immich's own settings of OAuth, as they are stored. */
async function stored(): Promise<Record<string, unknown> | undefined> {
  const [row] = await sandbox.sql<{ value: { oauth: Record<string, unknown> } }>(
    `SELECT value FROM system_metadata WHERE key = 'system-config'`,
  );
  return row?.value.oauth;
}

testIfPossible(`mypy finds nothing in it, and something in a mistake${why}`, () => {
  const check = (...files: string[]) =>
    run(interpreter(environment), ["-m", "mypy", "--strict", ...files], project.folder);
  check("__main__.py", join(helpers, "deploy.py"), join(helpers, "probe.py"));
  const text = readFileSync(join(project.folder, "__main__.py"), "utf8");
  const wrong = text.replace("keys=sorted([*wanted, *where_known])", "keys=1");
  expect(wrong).not.toBe(text);
  writeFileSync(join(scratch, "wrong.py"), wrong);
  expect(() => check(join(scratch, "wrong.py"))).toThrow(
    /wrong\.py:\d+: error: No overload variant of .*SettingsSnapshot.* matches argument types .*int/,
  );
});

test("it asks for the SDK of the CLI's version", () => {
  const { devDependencies, dependencies } = JSON.parse(
    readFileSync(join(root, "package.json"), "utf8"),
  );
  const version = { ...devDependencies, ...dependencies }["pulumi"];
  const list = readFileSync(join(root, "examples/python/requirements.txt"), "utf8");
  expect(list).toContain(`pulumi==${version}\n`);
});

testIfPossible(`up, up again, destroy${why}`, async () => {
  // Somebody else's login was there before.
  const before = { enabled: false, buttonText: "Login with Keycloak", clientId: "photos" };
  await sandbox.sql(`INSERT INTO system_metadata (key, value) VALUES ('system-config', $1)`, [
    JSON.stringify({ oauth: before }),
  ]);
  expect(await up()).toEqual({ create: 4 });
  expect(await stored()).toMatchObject({
    enabled: true,
    issuerUrl: `${sandbox.authentik.url}/application/o/immich/`,
    clientId: "immich-oauth-client",
    clientSecret: CLIENT_SECRET,
    buttonText: "Login from Python",
  });
  const { loginCheck } = JSON.parse(await project.ok("stack", "output", "--json"));
  expect(loginCheck).toMatchObject({ "client-secret": "ok", "immich-redirect-uri": "ok" });
  const [user] = sandbox.users;
  if (!user) throw new Error("nobody");
  expect(await loginAs({ immichUrl: sandbox.immich.url, ...user })).toMatchObject({ ok: true });

  const secrets = {
    client: CLIENT_SECRET,
    postgres: sandbox.postgres.password,
    ssh: sandbox.ssh.privateKey.split("\n")[1] ?? "",
  };
  expect(found(secrets, await project.ok("stack", "export"))).toEqual([]);

  expect(await up()).toEqual({ same: 4 });
  await project.ok("destroy", "--yes", "--skip-preview");
  expect(await stored()).toEqual(before);
});

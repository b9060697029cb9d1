/**
 * A homelab, and a project folder whose stack points at it: a sandbox of one's own, or, in `npm run e2e`, the one that
 * was named there.
 */
import { randomBytes } from "node:crypto";
import { copyFileSync } from "node:fs";
import { join } from "node:path";

import { type LoginOutcome, loginAs } from "../../checks/login";
import { loginName } from "../../loginName";
import { startSandbox, type Sandbox, type SandboxOptions } from "../../sandbox/client";
import { freePort } from "../../sandbox/freePort";
import { writeStackFile } from "../../sandbox/homelab/stackFile";
import { settingsOf } from "./homelab/before";
import { stackValues } from "./homelab/description";
import { Homelab, type Person } from "./homelab/homelab";
import { putBack } from "./homelab/putBack";
import { type Run, thisRun } from "./homelab/run";
import { makeProject, type Project } from "./project";

export interface Lab {
  /** The homelab, by the means that whoever has one has. */
  readonly homelab: Homelab;
  /** The sandbox that it is, with its controls: for tests that are marked with `needsControl`. */
  readonly sandbox: Sandbox;
  readonly project: Project;
  /** Name of the stack. */
  readonly stack: string;
  /** The Postgres login of the stack. */
  readonly login: string;
  /** A name that is nobody else's in this homelab: of a group or user that is there, or of what a test makes. */
  name(name: string): string;
  /** Alice, who is in the groups immich-users and immich-admins, or Bob, who is in none. */
  person(name: "alice" | "bob"): Person;
  /** Logs in at Immich by Authentik, as a browser would. */
  logIn(name?: "alice" | "bob"): Promise<LoginOutcome>;
  /** Runs `pulumi up` and tells what changed, by kind: `{ same: 17 }`. */
  up(...args: string[]): Promise<Record<string, number>>;
  /** What stands in Immich's settings tables, as text: equal only if byte for byte the same. */
  tables(): Promise<string>;
  /** The settings of Immich's `system_metadata`. */
  settings(): Promise<Record<string, Record<string, unknown>>>;
  /** Postgres logins that this program has made for the lab's stacks. */
  roles(): Promise<string[]>;
  /** How often Immich was restarted since the lab was started. */
  restarts(): Promise<number>;
  /** The stack's outputs; secrets in clear. */
  outputs(): Promise<Record<string, unknown>>;
  /** Stops the sandbox; a homelab gets back what it had. */
  stop(): Promise<void>;
}

/** @param options what the sandbox is to be; a homelab is what it is */
export async function startLab(options: SandboxOptions = {}): Promise<Lab> {
  const run = thisRun();
  const stop: (() => unknown)[] = [];
  try {
    return await (run ? atHomelab(run, stop) : inSandbox(options, stop));
  } catch (error) {
    for (const step of stop) await step();
    throw error;
  }
}

async function inSandbox(options: SandboxOptions, stop: (() => unknown)[]): Promise<Lab> {
  const sandbox = await startSandbox({ portBase: 0, ...options });
  stop.unshift(() => sandbox.stop());
  const project = await makeProject("sandbox", sandbox.environment, (folder) => {
    const file = sandbox.arguments[sandbox.arguments.indexOf("--config-file") + 1];
    if (file) copyFileSync(file, join(folder, "Pulumi.sandbox.yaml"));
  });
  stop.unshift(() => project.remove());
  return lab(
    {
      homelab: new Homelab(sandbox, undefined, sandbox.sql),
      project,
      prefix: "",
      people: sandbox.users,
    },
    stop,
    {
      sandbox,
    },
  );
}

async function atHomelab(run: Run, stop: (() => unknown)[]): Promise<Lab> {
  const { prefix, description, people } = run;
  const before = run.prepared;
  if (before === undefined) throw new Error("the run has not made its people");
  const homelab = new Homelab(description, run.before);
  const stack = `${prefix}sandbox`;
  const passphrase = randomBytes(16).toString("hex");
  const file = `Pulumi.${stack}.yaml`;
  const values = { ...stackValues(description), ...(await namesOf(prefix)) };
  const environment = { PULUMI_CONFIG_PASSPHRASE: passphrase };
  const project = await makeProject(stack, environment, async (folder) =>
    writeStackFile(join(folder, file), passphrase, values),
  );
  stop.unshift(
    () => putBack(homelab, before, prefix),
    () => project.remove(),
  );
  return lab({ homelab, project, prefix, people }, stop);
}

/** What a stack makes has names of its own, and so has its tunnel a port. */
async function namesOf(prefix: string): Promise<Record<string, string | number>> {
  const names = {
    applicationName: `${prefix}Immich`,
    applicationSlug: `${prefix}immich`,
    providerName: `${prefix}immich-oauth-provider`,
    clientId: `${prefix}immich-oauth-client`,
    tunnelPort: await freePort(),
  };
  return Object.fromEntries(
    Object.entries(names).map(([key, value]) => [`immich-authentik-sso:${key}`, value]),
  );
}

interface Parts {
  readonly homelab: Homelab;
  readonly project: Project;
  readonly prefix: string;
  readonly people: readonly Person[];
}

async function lab(
  { homelab, project, prefix, people }: Parts,
  stop: (() => unknown)[],
  { sandbox }: { sandbox?: Sandbox } = {},
): Promise<Lab> {
  const stack = `${prefix}sandbox`;
  const { immich } = homelab;
  const close = () => homelab.close();
  if (sandbox) stop.unshift(close);
  else stop.push(close);
  /** The sandbox counts them itself, also while one is under way. */
  const restarts = async (): Promise<number> => {
    if (!sandbox) return homelab.starts();
    const state = await sandbox.control<{ restarts: Record<string, number> }>("docker/state");
    return state.restarts["immich_server"] ?? 0;
  };
  const started = await restarts();
  const person: Lab["person"] = (name) => {
    const found = people.find(({ username }) => username === prefix + name);
    if (!found) throw new Error(`no user ${name}`);
    return found;
  };
  return {
    homelab,
    get sandbox() {
      if (sandbox) return sandbox;
      throw new Error("a homelab has no controls: mark the test with needsControl (needs.ts)");
    },
    project,
    stack,
    login: loginName(stack),
    name: (name) => prefix + name,
    person,
    logIn: (name = "alice") =>
      loginAs({ immichUrl: immich.url, immichApiUrl: immich.apiUrl, ...person(name) }),
    up: async (...args) => changesOf(await project.ok("up", "--yes", "--skip-preview", ...args)),
    tables: async () => JSON.stringify(await settingsOf(homelab), undefined, 1),
    settings: async () => {
      const { system_metadata: rows } = await settingsOf(homelab);
      return JSON.parse(rows?.["system-config"] ?? "{}");
    },
    roles: async () => {
      const found = await homelab.sql<{ name: string }>(
        `SELECT rolname AS name FROM pg_roles WHERE rolname LIKE 'immich\\_sso\\_%' ORDER BY 1`,
      );
      return found.map(({ name }) => name).filter((name) => name.startsWith(loginName(prefix)));
    },
    restarts: async () => (await restarts()) - started,
    outputs: async () =>
      JSON.parse(await project.ok("stack", "output", "--json", "--show-secrets")),
    stop: async () => {
      for (const step of stop) await step();
    },
  };
}

/** Reads the summary that the CLI prints: "+ 17 created", "2 unchanged". */
export function changesOf(output: string): Record<string, number> {
  const summary = output.slice(output.lastIndexOf("Resources:"));
  return Object.fromEntries(
    [
      ...summary.matchAll(
        /^\s+(?:[-+~]+ ?)?(\d+) (created|updated|replaced|deleted|unchanged|errored)/gm,
      ),
    ].map(([, count, what]) => [what, Number(count)]),
  );
}

/**
 * The lines of a preview with `--diff` that show what would be changed. What a refresh found to have
 * changed already is left out.
 */
export function changedLines(output: string): string[] {
  let block = "";
  return output
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => {
      block = /: \((\w+)\)$/.exec(line)?.[1] ?? block;
      return block !== "refresh" && /^[~+-] [^:]+:/.test(line) && / => |^[+-] /.test(line);
    });
}

/**
 * npm run e2e -- --homelab FILE [--yes] [--yes-change-immich] [--put-back] [TEST …]
 *
 * The end-to-end tests against a homelab of one's own (docs/proving.md). It says what it will touch and asks; `--yes`
 * answers. Everything that the tests made is removed at the end, also after Ctrl-C, and the run fails where anything is
 * not as it was. Ends with `N passed, N failed, N skipped`.
 */
import { createInterface } from "node:readline/promises";
import { randomInt } from "node:crypto";
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";

import { differences, lookAt } from "./homelab/before";
import { BadDescription, type Description, readDescription } from "./homelab/description";
import { Homelab } from "./homelab/homelab";
import { runJest } from "./homelab/jest";
import { makePeople } from "./homelab/people";
import { endLeftovers } from "./homelab/processes";
import { immichAnswers, putBack } from "./homelab/putBack";
import { keep, placesOf, type Run, unfinished } from "./homelab/run";

const USAGE =
  "npm run e2e -- --homelab FILE [--yes] [--yes-change-immich] [--put-back] [TEST …]   (docs/proving.md)";

/** It was refused, or called off, before anything was touched. */
class Refused extends Error {}

const say = (text: string): void => void process.stderr.write(`${text}\n`);

function options() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        homelab: { type: "string" },
        yes: { type: "boolean", default: false },
        "yes-change-immich": { type: "boolean", default: false },
        "put-back": { type: "boolean", default: false },
      },
    });
    if (values.homelab === undefined) throw new Error("--homelab FILE is missing");
    return { ...values, file: values.homelab, tests: positionals };
  } catch (error) {
    throw new Refused(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
}

async function main(): Promise<number> {
  const given = options();
  const description = readDescription(given.file);
  const homelab = new Homelab(description);
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => stop.abort());
  try {
    const left = unfinished(description);
    if (given["put-back"]) return await finish(homelab, left);
    if (left.length > 0)
      throw new Refused(
        `A run against this homelab was cut off. Make it as it was first:\n  npm run e2e -- --homelab ${given.file} --put-back`,
      );
    const immichVersion = await refuseOrVersion(homelab, given["yes-change-immich"]);
    say(touched(homelab, immichVersion));
    if (!given.yes) await ask(stop);
    return await runTests(homelab, { description, immichVersion, tests: given.tests, stop });
  } finally {
    await homelab.close();
  }
}

/**
 * Asks everything once, so that what can't be reached is said before anything is made.
 *
 * @returns Immich's version
 * @throws Refused
 */
async function refuseOrVersion(homelab: Homelab, mayChange: boolean): Promise<string> {
  const problems: string[] = [];
  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      problems.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };
  const me = await attempt("Authentik", () => homelab.api("GET", "core/users/me/"));
  if (me && (me["user"] as Record<string, unknown>)["is_superuser"] !== true)
    problems.push(
      "Authentik: the token is not an administrator's; the tests make users and groups",
    );
  const settings = await attempt("Immich", () => homelab.immichApi("GET", "system-config"));
  await attempt("Immich", () => homelab.immichApi("GET", "admin/users"));
  const version = await attempt("Immich", () => homelab.immichApi("GET", "server/version"));
  const features = await attempt("Immich", () => homelab.immichApi("GET", "server/features"));
  if (features?.["configFile"] === true)
    problems.push(
      "Immich: its settings come from a file (IMMICH_CONFIG_FILE): nothing can write them",
    );
  const oauth = settings?.["oauth"] as Record<string, unknown> | undefined;
  if (oauth?.["enabled"] === true && !mayChange)
    problems.push(
      "Immich: login by OAuth is in use, and the tests change and stop it until they are done. If that may be: --yes-change-immich",
    );
  const starts = await attempt("Immich's host", () => homelab.starts());
  if (starts === 0)
    problems.push(
      "Immich's host: the container's log does not tell when Immich was started, by which restarts are counted (log level, logging driver)",
    );
  const login = await attempt("Immich's Postgres", () =>
    homelab.sql("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"),
  );
  if (login?.[0]?.["rolsuper"] === false)
    problems.push("Immich's Postgres: that user is no superuser; the tests make and remove logins");
  if (problems.length > 0) throw new Refused(["Nothing was touched:", ...problems].join("\n  "));
  return ["major", "minor", "patch"].map((part) => String(version?.[part])).join(".");
}

/** What a person should know before they say yes. */
function touched({ authentik, immich, config }: Homelab, version: string): string {
  const { ssh, container, database } = config.database;
  return [
    "The tests will use this homelab:",
    `  Authentik   ${authentik.url}: makes and removes users, groups, tokens, roles, providers, applications`,
    `  Immich      ${immich.url} (${version}): changes its OAuth settings and puts them back, makes and removes users, restarts it many times`,
    `  Postgres    ${database} in container ${container} at ${ssh.user}@${ssh.host}: makes and removes logins`,
    "Whoever uses this Immich meanwhile is interrupted. Authentik's and Immich's logs keep their traces.",
  ].join("\n");
}

async function ask(stop: AbortController): Promise<void> {
  if (!process.stdin.isTTY)
    throw new Refused("Nothing was touched. To go on without a question: --yes");
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  terminal.once("SIGINT", () => stop.abort());
  const { signal } = stop;
  const answer = await terminal
    .question("Go on? [y/N] ", { signal })
    .catch(() => "no")
    .finally(() => terminal.close());
  if (!/^y(es)?$/i.test(answer.trim())) throw new Refused("Nothing was touched.");
}

interface Wanted {
  readonly description: Description;
  readonly immichVersion: string;
  readonly tests: readonly string[];
  readonly stop: AbortController;
}

async function runTests(homelab: Homelab, wanted: Wanted): Promise<number> {
  const { description, immichVersion, tests, stop } = wanted;
  // Short, as Postgres cuts names at 63 bytes.
  const prefix = `e2e_${randomInt(36 ** 4)
    .toString(36)
    .padStart(4, "0")}_`;
  const before = await lookAt(homelab);
  let run: Run = { prefix, description, immichVersion, before, people: [] };
  keep(run);
  let result: Awaited<ReturnType<typeof runJest>> | undefined;
  try {
    const people = await makePeople(homelab, prefix);
    run = { ...run, people, prepared: await lookAt(homelab) };
    keep(run);
    say(`Names of this run begin with ${prefix}`);
    result = await runJest(run, tests, stop.signal);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
  }
  if (stop.signal.aborted) say("Stopped. Making the homelab as it was …");
  const isBack = await cleanUp(homelab, run);
  const passed = (result?.passed ?? 0) + (isBack ? 1 : 0);
  const failed = (result?.failed ?? 1) + (isBack ? 0 : 1);
  for (const name of result?.skipped ?? []) say(`skipped: ${name}`);
  process.stdout.write(
    `${passed} passed, ${failed} failed, ${result?.skipped.length ?? 0} skipped\n`,
  );
  if (stop.signal.aborted) return 130;
  return failed === 0 ? 0 : 1;
}

/** Makes the homelab as it was before the run, and looks whether it is. */
async function cleanUp(homelab: Homelab, { prefix, before }: Run): Promise<boolean> {
  await endLeftovers(placesOf(prefix).file);
  try {
    await immichAnswers(homelab);
    await putBack(homelab, before, prefix);
  } catch (error) {
    say(`Not put back: ${error instanceof Error ? error.message : String(error)}`);
  }
  const left = await lookAt(homelab).then(
    (after) => differences(before, after),
    (error: unknown) => [`it can't be looked at: ${String(error)}`],
  );
  if (left.length > 0) {
    say(["FAILED: the homelab is not as it was before:", ...left].join("\n  "));
    say("To try once more to make it so: the same command with --put-back");
    return false;
  }
  rmSync(placesOf(prefix).folder, { recursive: true, force: true });
  say("ok: the homelab is as it was before");
  return true;
}

async function finish(homelab: Homelab, runs: readonly Run[]): Promise<number> {
  if (runs.length === 0) say("No run against this homelab was cut off.");
  let failed = 0;
  for (const run of runs) if (!(await cleanUp(homelab, run))) failed += 1;
  return failed === 0 ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    const isOurs = error instanceof Refused || error instanceof BadDescription;
    say(
      isOurs || !(error instanceof Error) ? String((error as Error).message) : String(error.stack),
    );
    process.exit(2);
  },
);

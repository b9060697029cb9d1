/**
 * `npm run sandbox`: the embedded homelab, on its own, until Ctrl-C.
 *
 *   npm run sandbox                  says what runs where, and what to type in a second terminal
 *   npm run sandbox -- --json        prints one line of JSON with the same (client.ts has its type)
 *
 *   --folder DIR                     live there; an empty folder, removed at the end
 *   --port-base N                    ports N to N+4; 0: any free ones
 *   --immich-version 1.105.1         another Immich
 *   --api                            the stack goes through Immich's API, without SSH
 *   --until-stdin-closes             stop when standard input is closed (for programs that start it)
 *
 * All secrets are new in every run; SANDBOX_AUTHENTIK_TOKEN and SANDBOX_POSTGRES_PASSWORD set these two.
 */
import { parseArgs } from "node:util";
import { whenNpmEnds } from "../commands/npmEnds";
import { startControl } from "./control";
import { type Homelab, startHomelab } from "./homelab/homelab";
import { readPortBase } from "./homelab/ports";
import { welcome } from "./homelab/welcome";

interface Command {
  readonly json: boolean;
  readonly untilStdinCloses: boolean;
  readonly folder?: string;
  readonly portBase?: number;
  readonly immichVersion?: string;
  readonly throughApi: boolean;
}

function readCommand(): Command {
  const { values } = parseArgs({
    options: {
      json: { type: "boolean", default: false },
      folder: { type: "string" },
      "port-base": { type: "string" },
      "immich-version": { type: "string" },
      api: { type: "boolean", default: false },
      "until-stdin-closes": { type: "boolean", default: false },
    },
  });
  const version = values["immich-version"];
  if (version !== undefined && !/^\d+\.\d+\.\d+$/.test(version)) {
    throw new Error(`--immich-version is a version such as 1.135.3, not ${version}`);
  }
  return {
    json: values.json,
    untilStdinCloses: values["until-stdin-closes"],
    folder: values.folder,
    portBase: readPortBase(values["port-base"]),
    immichVersion: version,
    throughApi: values.api,
  };
}

/** Resolves when somebody wants the sandbox to stop. */
function asked(untilStdinCloses: boolean): Promise<void> {
  return new Promise((done) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => done());
    whenNpmEnds(done);
    if (untilStdinCloses)
      process.stdin
        .once("end", done)
        .once("error", () => done())
        .resume();
  });
}

async function main(): Promise<void> {
  const command = readCommand();
  const stop = asked(command.untilStdinCloses);
  const starting = startHomelab({
    ...command,
    authentikToken: process.env["SANDBOX_AUTHENTIK_TOKEN"],
    postgresPassword: process.env["SANDBOX_POSTGRES_PASSWORD"],
  });
  const homelab = await Promise.race([starting, stop.then(() => undefined)]);
  if (homelab === undefined) {
    // Asked to stop before everything was up: let it come up, so that all of it is found and stopped.
    await (await starting).stop();
    return;
  }
  await run(homelab, command, stop);
}

async function run(homelab: Homelab, command: Command, stop: Promise<void>): Promise<void> {
  const control = await startControl(homelab);
  try {
    const { description } = homelab;
    const text = command.json
      ? JSON.stringify({ ...description, control: { url: control.url, token: control.token } })
      : welcome(description, control);
    process.stdout.write(`${text}\n`);
    await stop;
  } finally {
    await control.stop();
    await homelab.stop();
  }
}

// Whoever read our output may be gone; that is no reason to leave things behind.
process.stdout.on("error", () => undefined);
process.stderr.on("error", () => undefined);

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);

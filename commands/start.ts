/**
 * `npm start`: the whole thing on an embedded homelab.
 *
 *   npm start                      deploys, checks a login, and stays until Ctrl-C
 *   npm start -- --once --json     deploys, logs in, deploys again, destroys; last line is JSON
 *   npm start -- --api             through Immich's own API, without SSH and Postgres
 *   npm start -- --port-base N     on ports N to N+4, not on the usual ones; 0: any free ones
 */
import { parseArgs } from "node:util";

import { loginAs } from "../checks/login";
import { startSandbox, type Sandbox } from "../sandbox/client";
import { readPortBase } from "../sandbox/homelab/ports";
import { deploy, endPulumi, pulumi } from "./cli";
import { say } from "./command";
import { whenNpmEnds } from "./npmEnds";
import { noteSandbox } from "./running";

const USAGE = "usage: npm start [-- [--api] [--once [--json]] [--port-base N]]";

async function main(): Promise<number> {
  const { once, json, api: throughApi, portBase } = options();
  say("Starting the sandbox: SSH, Postgres, Authentik and Immich on loopback …");
  // Whoever stays wants addresses that they know already; a run that goes away takes any.
  const sandbox = await startSandbox({
    portBase: portBase ?? (once ? 0 : undefined),
    throughApi,
  });
  const interrupted = new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
    process.once("SIGHUP", resolve);
    whenNpmEnds(resolve);
  });
  const leave = interrupted.then(() => undefined);
  const forget = once
    ? () => {}
    : noteSandbox({ ...sandbox, configFile: sandbox.arguments[1] ?? "" });
  try {
    return await Promise.race([
      once ? cycle(sandbox, json) : stay(sandbox, leave),
      leave.then(() => 130),
    ]);
  } finally {
    forget();
    await endPulumi();
    await sandbox.stop();
  }
}

function options(): {
  once: boolean;
  json: boolean;
  api: boolean;
  portBase: number | undefined;
} {
  try {
    const { values } = parseArgs({
      options: {
        once: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        api: { type: "boolean", default: false },
        "port-base": { type: "string" },
      },
    });
    const { once, json, api, "port-base": base } = values;
    return { once, json, api, portBase: readPortBase(base) };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n${USAGE}\n`);
    process.exit(2);
  }
}

/** Deploys and stays, for a person to log in. */
async function stay(sandbox: Sandbox, leave: Promise<void>): Promise<number> {
  const stack = stackArguments(sandbox);
  const up = await pulumi(["up", "--yes", "--skip-preview", ...stack], {
    environment: sandbox.environment,
    terminal: true,
  });
  if (up.code !== 0) return up.code;
  const [user] = sandbox.users;
  if (!user) throw new Error("the sandbox has no user to log in as");
  const login = await loginAs({ immichUrl: sandbox.immich.url, ...user });
  if (!login.ok) throw new Error(`The login did not work: ${login.immichAnswered}`);
  say(
    [
      "",
      `Logged in as ${login.user}, as a browser would. Now you:`,
      "",
      `  open       ${sandbox.immich.url}`,
      `  click      "Login with Authentik"`,
      `  log in as  ${user.username}, password ${user.password}`,
      "",
      "In a second terminal: preview, change, destroy",
      "",
      ...Object.entries(sandbox.environment).map(([name, value]) => `  export ${name}='${value}'`),
      `  npx pulumi preview ${stack.join(" ")}`,
      `  npm run doctor -- --stack sandbox`,
      "",
      "Ctrl-C ends it all and leaves nothing behind.",
    ].join("\n"),
  );
  await leave;
  return 0;
}

/** Deploys, logs in, deploys again, destroys. */
async function cycle(sandbox: Sandbox, json: boolean): Promise<number> {
  const stack = stackArguments(sandbox);
  const context = { environment: sandbox.environment, onStep: (step: string) => say(`  ${step}`) };
  const [user] = sandbox.users;
  if (!user) throw new Error("the sandbox has no user to log in as");

  say("pulumi up");
  const first = await deploy("up", stack, context);
  const outputs = await stackOutputs(sandbox);
  say(`Logging in as ${user.username} …`);
  const login = await loginAs({ immichUrl: sandbox.immich.url, ...user });
  say(login.ok ? `  logged in as ${login.user}` : `  not logged in: ${login.immichAnswered}`);
  say("pulumi up, again");
  const second = await deploy("up", stack, context);
  say("pulumi destroy");
  await deploy("destroy", stack, context);
  const left = await pulumi(["stack", "export", ...stack.slice(0, 2)], context);
  const destroyed = (JSON.parse(left.stdout).deployment.resources ?? []).length === 0;

  const changed = Object.entries(second.changes)
    .filter(([what]) => what !== "same")
    .reduce((sum, [, count]) => sum + count, 0);
  const result = {
    outputs,
    firstUp: { seconds: first.seconds, created: first.changes["create"] ?? 0 },
    secondUp: { changed },
    login: login.ok ? { ok: true, user: login.user } : { ok: false, seen: login.immichAnswered },
    destroyed,
  };
  if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else say(JSON.stringify(result, undefined, 2));
  return login.ok && changed === 0 && destroyed ? 0 : 1;
}

function stackArguments(sandbox: Sandbox): string[] {
  return ["--stack", "sandbox", ...sandbox.arguments];
}

/** The stack's outputs, secrets as `[secret]`. */
async function stackOutputs(sandbox: Sandbox): Promise<unknown> {
  const { code, stdout, stderr } = await pulumi(
    ["stack", "output", "--json", "--stack", "sandbox"],
    {
      environment: sandbox.environment,
    },
  );
  if (code !== 0) throw new Error(`pulumi stack output failed:\n${stderr}`);
  return JSON.parse(stdout);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);

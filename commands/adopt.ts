/**
 * `npm run adopt -- --stack S`: takes a provider and an application that were made by hand in Authentik
 * into the stack. Changes nothing in Authentik; `npx pulumi preview` then shows what `up` would change.
 *
 * Exit code 0: they are in the stack, or there is nothing to take over; 1: it can't be done, and the
 * message says why; 2: wrong usage, or the stack can't be read.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { AuthentikApi } from "../authentik/api";
import { whoWeAre } from "../authentik/before";
import { application, providerWhere } from "../authentik/objects";
import { ConfigError, type StackConfig } from "../config";
import { type Adoption, decide } from "./adoption";
import { deploy } from "./cli";
import { CannotRead, cli, configOf } from "./doctorInput";
import { importFile, inState, type StateResource } from "./importFile";

const USAGE = "usage: npm run adopt -- --stack NAME [--config-file FILE]";

interface Options {
  readonly stack?: string;
  /** Another file than Pulumi.STACK.yaml, as for `npx pulumi`. */
  readonly "config-file"?: string;
}

/** The whole command; answers the exit code. */
async function main(): Promise<number> {
  const options = read();
  if (options === undefined) return 2;
  let stack: Stack;
  try {
    stack = await readStack(options);
  } catch (error) {
    if (!(error instanceof CannotRead || error instanceof ConfigError)) throw error;
    say(error.message);
    return 2;
  }
  const adoption = await look(stack);
  if (adoption.kind === "refusal") throw new Error(adoption.message);
  if (adoption.kind === "take") await take(adoption, stack);
  process.stdout.write(`${adoption.kind === "take" ? taken(adoption, stack) : adoption.message}\n`);
  return 0;
}

function read(): Options | undefined {
  try {
    return parseArgs({
      options: { stack: { type: "string", short: "s" }, "config-file": { type: "string" } },
    }).values;
  } catch (error) {
    say(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    return undefined;
  }
}

interface Stack {
  readonly name: string;
  readonly config: StackConfig;
  readonly state: readonly StateResource[];
  /** What tells the CLI which stack. */
  readonly args: readonly string[];
}

async function readStack(options: Options): Promise<Stack> {
  const name = options.stack ?? (await selected());
  const which = ["--stack", name];
  const file =
    options["config-file"] === undefined ? [] : ["--config-file", options["config-file"]];
  const values = await cli(
    ["config", "--json", "--show-secrets", ...which, ...file],
    options.stack,
  );
  const config = configOf(values);
  const exported = (await cli(["stack", "export", ...which], name)) as {
    deployment: { resources?: StateResource[] };
  };
  return {
    name,
    config,
    state: exported.deployment.resources ?? [],
    args: [...which, ...file],
  };
}

/** The name of the selected stack. */
async function selected(): Promise<string> {
  const stacks = (await cli(["stack", "ls", "--json"], undefined)) as StackEntry[];
  const current = stacks.find((one) => one.current);
  if (current) return current.name;
  throw new CannotRead(
    "No stack is selected. Name one with `-- --stack NAME` (`npx pulumi stack ls` lists them).",
  );
}

interface StackEntry {
  readonly name: string;
  readonly current: boolean;
}

/** Compares what is wanted, what Authentik has, and what the stack has. */
async function look({ name, config, state }: Stack): Promise<Adoption> {
  const authentik = AuthentikApi.at(config.authentik);
  const set = `npx pulumi config set --stack ${name}`;
  await whoWeAre(authentik, {
    "authentik.url": `${set} authentik:url URL`,
    "authentik.token": `${set} --secret authentik:token`,
  });
  const { providerName, clientId, slug } = config.application;
  const [byName, byClient, withSlug] = await Promise.all([
    providerWhere(authentik, "name", providerName),
    providerWhere(authentik, "client_id", clientId),
    application(authentik, slug),
  ]);
  const own = inState(state);
  return decide({
    authentikUrl: config.authentik.url,
    providerName,
    clientId,
    slug,
    stack: name,
    provider: byName ?? byClient,
    application: withSlug,
    ownProvider: own.provider,
    ownApplication: own.application,
  });
}

/** Lets `pulumi import` do it. */
async function take(adoption: Adoption & { kind: "take" }, stack: Stack): Promise<void> {
  const { provider, application } = adoption;
  const folder = mkdtempSync(join(tmpdir(), "immich-sso-adopt-"));
  try {
    const found = { provider: provider && String(provider.id), application: application?.slug };
    const file = join(folder, "import.json");
    writeFileSync(file, JSON.stringify(importFile(found, stack.state)));
    const quietly = ["--generate-code=false", "--protect=false"];
    await deploy("import", ["--file", file, ...quietly, ...stack.args], {});
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function taken({ provider, application }: Adoption & { kind: "take" }, stack: Stack): string {
  const { providerName, slug, clientSecret } = stack.config.application;
  const stackArgs = `--stack ${stack.name}`;
  const lines = [
    `Taken into the stack ${stack.name}; nothing was changed in Authentik:`,
    ...(provider ? [`  provider     ${provider.name} (number ${provider.id})`] : []),
    ...(application ? [`  application  ${application.name} (slug ${application.slug})`] : []),
    "",
    `  what up would change:  npx pulumi preview --diff ${stackArgs}`,
    `  change it:             npx pulumi up ${stackArgs}`,
  ];
  const own = inState(stack.state);
  if (!provider && own.provider === undefined)
    lines.push("", `Authentik has no provider named ${providerName}: up makes it.`);
  if (!application && own.application === undefined)
    lines.push("", `Authentik has no application with the slug ${slug}: up makes it.`);
  if (provider && clientSecret === undefined)
    lines.push(
      "",
      "The client secret becomes a generated one, in Authentik and in Immich alike. To keep the present one, set it first:",
      `  npx pulumi config set --secret ${stackArgs} clientSecret`,
    );
  return lines.join("\n");
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    say(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  },
);

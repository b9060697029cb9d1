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
import { deploy, exportState, importState, pulumi } from "./cli";
import { ends, say } from "./command";
import { CannotRead, cli, configOf } from "./doctorInput";
import { importFile, inState, retained, type StateResource } from "./importFile";

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
  const { adoption, clientSecret } = await look(stack);
  if (adoption.kind === "refusal") throw new Error(adoption.message);
  if (adoption.kind === "take") await take(adoption, stack, clientSecret);
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
async function look({ name, config, state }: Stack): Promise<Found> {
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
  const provider = byName ?? byClient;
  const adoption = decide({
    authentikUrl: config.authentik.url,
    providerName,
    clientId,
    slug,
    stack: name,
    provider,
    application: withSlug,
    ownProvider: own.provider,
    ownApplication: own.application,
  });
  return { adoption, clientSecret: provider?.clientSecret };
}

/** What there is to take over, and the client secret that its provider has. */
interface Found {
  readonly adoption: Adoption;
  /** Secret. */
  readonly clientSecret?: string;
}

/**
 * Lets `pulumi import` do it. What a person made stays when the stack goes: that is in the stack's state at once, and in
 * its configuration for each later `up`. So is the client secret that it has, unless another one is configured.
 */
async function take(
  { provider, application }: Adoption & { kind: "take" },
  { name, args, state, config }: Stack,
  clientSecret: string | undefined,
): Promise<void> {
  // First: whatever comes between, nothing that a person made is deleted.
  const before = config.application;
  const keys = ["retainOnDelete"];
  await set(args, ["retainOnDelete"], "true");
  // Whoever has set a rotation wants a generated one.
  const kept = before.clientSecret === undefined && before.clientSecretRotation === "";
  if (provider && clientSecret && kept) {
    keys.push("clientSecret");
    await set(args, ["--secret", "clientSecret"], clientSecret);
  }
  const folder = mkdtempSync(join(tmpdir(), "immich-sso-adopt-"));
  try {
    const found = { provider: provider && String(provider.id), application: application?.slug };
    const file = join(folder, "import.json");
    writeFileSync(file, JSON.stringify(importFile(found, state)));
    const quietly = ["--generate-code=false", "--protect=false"];
    await deploy("import", ["--file", file, ...quietly, ...args], {});
    // As the next `up` would: a `destroy` before it must not delete it.
    await importState(name, retained(await exportState(name)));
  } catch (error) {
    if (!before.retainOnDelete)
      for (const key of keys) await pulumi(["config", "rm", ...args, key]);
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `pulumi config set`, the value on its standard input: a secret is on no command line. */
async function set(args: readonly string[], key: readonly string[], value: string): Promise<void> {
  const { code, stderr } = await pulumi(["config", "set", ...args, ...key], { input: value });
  if (code !== 0) throw new Error(`pulumi config set ${key.at(-1)} failed: ${stderr}`);
}

function taken({ provider, application }: Adoption & { kind: "take" }, stack: Stack): string {
  const { providerName, slug, clientSecret, clientSecretRotation } = stack.config.application;
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
  lines.push(
    "",
    "Destroying the stack leaves them in Authentik, as a person made them (retainOnDelete is true in its configuration).",
  );
  if (provider && clientSecret === undefined && clientSecretRotation === "")
    lines.push(
      "Its client secret stays, and is in the stack's configuration now, encrypted. For one that the stack makes:",
      `  npx pulumi config rm clientSecret ${stackArgs}`,
    );
  return lines.join("\n");
}

ends(main(), { code: 1 });

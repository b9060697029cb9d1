/** What doctor knows of a stack: its configuration and its state, both through the CLI, in memory only. */
import type { CheckInput } from "../checks/types";
import { backchannelLogoutUri } from "../immich/logout";
import { immichAccess } from "./hostAccess";
import { readConfig, type StackConfig } from "../config";
import { pulumi, type CliResult } from "./cli";
import {
  deployedOf,
  type Deployed,
  loginProven,
  namesNotDeployed,
  notDeployed,
  publicUrlOf,
} from "./deployed";
import { resourcesOf } from "./state";

/** The stack can't be read: what to do about it is in the message. */
export class CannotRead extends Error {}

/** A stack as it was found. */
export interface Stack {
  /** The name that was asked for; undefined: the selected one. */
  readonly name?: string;
  readonly config: StackConfig;
  /** Undefined where nothing is deployed. */
  readonly deployed?: Deployed;
  /** Whether the last login check found nothing broken. */
  readonly loginOk: boolean;
  /** Keys of the configuration whose value is not deployed yet. */
  readonly notDeployed: readonly string[];
}

/**
 * Reads configuration and state of a stack with the environment as it is.
 * @param name default: the selected one.
 * @param configFile default: Pulumi.NAME.yaml.
 * @throws CannotRead, ConfigError
 */
export async function readStack(name?: string, configFile?: string): Promise<Stack> {
  const which = name === undefined ? [] : ["--stack", name];
  const file = configFile === undefined ? [] : ["--config-file", configFile];
  const [configured, state] = await Promise.allSettled([
    cli(["config", "--json", "--show-secrets", ...which, ...file], name),
    cli(["stack", "export", "--show-secrets", ...which], name),
  ]);
  // Both fail for the same reason, if they fail: it is told once.
  if (configured.status === "rejected") throw configured.reason;
  if (state.status === "rejected") throw state.reason;
  const config = configOf(configured.value);
  const resources = resourcesOf(state.value);
  const deployed = deployedOf(resources, config);
  const pending =
    deployed === undefined
      ? []
      : [
          ...notDeployed(resources, config, deployed),
          ...(await namesNotDeployed(resources, config)),
        ];
  return { name, config, deployed, loginOk: loginProven(resources), notDeployed: pending };
}

/**
 * Runs a command of the CLI that answers in JSON, about the stack `name` (undefined: the selected one).
 * @throws CannotRead
 */
export async function cli(args: readonly string[], name: string | undefined): Promise<unknown> {
  const result = await pulumi(args);
  if (result.code !== 0) throw new CannotRead(explain(result, name));
  try {
    return JSON.parse(result.stdout);
  } catch {
    throw new CannotRead(`pulumi ${args[0]} answered something that is not JSON.`);
  }
}

function explain({ stderr, stdout }: CliResult, name: string | undefined): string {
  const said = `${stderr}\n${stdout}`;
  const line =
    said
      .split("\n")
      .map((text) => text.trim())
      .find((text) => /^error:/.test(text)) ?? said.trim().slice(0, 300);
  const stack = name === undefined ? "the selected stack" : `stack ${name}`;
  const which = name ?? "NAME";
  if (/incorrect passphrase/i.test(said)) {
    return `The secrets of ${stack} can't be decrypted: PULUMI_CONFIG_PASSPHRASE is not the one they were encrypted with. Set the right one and run this again.`;
  }
  if (/passphrase must be set|PULUMI_CONFIG_PASSPHRASE/i.test(said)) {
    return `The secrets of ${stack} can't be decrypted: set PULUMI_CONFIG_PASSPHRASE (or PULUMI_CONFIG_PASSPHRASE_FILE) and run this again.`;
  }
  if (/no stack named|stack .* not found/i.test(said)) {
    return `There is no stack ${which} in this backend. \`npx pulumi stack ls\` lists those there are; PULUMI_BACKEND_URL or \`npx pulumi login\` chooses the backend.`;
  }
  if (/no stack selected|select/i.test(said)) {
    return "No stack is selected. Name one with `-- --stack NAME` (`npx pulumi stack ls` lists them).";
  }
  if (/log ?in|PULUMI_ACCESS_TOKEN/i.test(said)) {
    return "Pulumi is logged in nowhere: `npx pulumi login --local`, or set PULUMI_BACKEND_URL to where this stack is kept.";
  }
  return `Reading ${stack} failed: ${line}`;
}

/** The configuration that `pulumi config --json --show-secrets` answers. Throws ConfigError. */
export function configOf(json: unknown): StackConfig {
  const values = json as Record<string, { value?: string; secret?: boolean } | undefined>;
  return readConfig({
    get: (key) => values[key]?.value,
    isSecret: (key) => values[key]?.secret === true,
    keys: () => Object.keys(values),
  });
}

/** The checks' input: what is deployed where that is known, what is configured where it is not. */
export function inputOf({ name, config, deployed }: Stack): CheckInput {
  const { application, authentik, immich, restart } = config;
  const configured = {
    issuerUrl: `${authentik.publicUrl}/application/o/${application.slug}/`,
    applicationSlug: application.slug,
    clientId: application.clientId,
    clientSecret: application.clientSecret,
    scopes: application.scopes,
    redirectUris: application.redirectUris,
    immichUrl: immich.url,
    accessGroups: application.accessGroups,
    settings: {},
  };
  const there = deployed ?? configured;
  return {
    ...there,
    ...(application.grants.adminGroupsDemote
      ? { soleAdminGroups: application.grants.adminGroups }
      : {}),
    logoutUri: backchannelLogoutUri(there.immichUrl),
    authentikUrl: authentik.url,
    authentikToken: authentik.token,
    authentikPublicUrl: publicUrlOf(there.issuerUrl),
    // Without an address of its own, the checks' is the deployed one.
    immichApiUrl: immich.apiUrl === immich.url ? there.immichUrl : immich.apiUrl,
    restart: restart.when,
    stack: name,
    ...immichAccess(config, there.settings, name),
  };
}

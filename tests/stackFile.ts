import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

import { type ConfigSource, PROJECT } from "../config";

const root = join(__dirname, "..");

interface Declaration {
  readonly type?: string;
  readonly default?: unknown;
  readonly secret?: boolean;
  readonly description?: string;
}

/** The keys that Pulumi.yaml declares. */
export function declaredKeys(): Record<string, Declaration> {
  return parse(readFileSync(join(root, "Pulumi.yaml"), "utf8")).config;
}

/** The values of a stack's file, by full key. */
export function stackFile(stack: string): Record<string, unknown> {
  return parse(readFileSync(join(root, `Pulumi.${stack}.yaml`), "utf8")).config;
}

/** A host key that is nobody's. */
export const HOST_KEY =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

/** The secrets and the host key that a person adds to Pulumi.homelab.yaml. */
export const HOMELAB_SECRETS = {
  "authentik:token": "authentik-token-canary",
  [`${PROJECT}:postgresPassword`]: "postgres-password-canary",
  [`${PROJECT}:sshHostKey`]: HOST_KEY,
};

/**
 * What the program would read: Pulumi.yaml's defaults, a stack's file over them, and more values over
 * those. `undefined` takes a value away.
 * @param stack undefined: without a stack's file
 */
export function configValues(
  stack: string | undefined,
  more: Record<string, unknown> = {},
): Record<string, string> {
  const defaults = Object.entries(declaredKeys()).map(([key, declaration]) => [
    `${PROJECT}:${key}`,
    declaration.default,
  ]);
  const all = {
    ...Object.fromEntries(defaults),
    ...(stack === undefined ? {} : stackFile(stack)),
    ...more,
  };
  return Object.fromEntries(
    Object.entries(all)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

/** A source of configuration for `readConfig`. */
export function source(
  values: Record<string, string>,
  secrets?: ReadonlySet<string>,
): ConfigSource {
  return {
    get: (key) => values[key],
    ...(secrets ? { isSecret: (key) => secrets.has(key) } : {}),
  };
}

// What the catalogue says about one check, and the commands that its fixes are written with.
import { removal } from "../../immich/stored";
import { quote } from "../../ssh/quote";
import type { CheckInput } from "../types";

/** One way a check can be broken, and the way out. */
export interface Fix {
  /** When this is the cause, as a person would say it: a row of docs/troubleshooting.md. */
  readonly when: string;
  /** What to do, for this stack: one or two sentences with the command or the config key. */
  readonly fix: (input: CheckInput) => string;
}

export interface CheckEntry {
  /** A few words for the table. */
  readonly title: string;
  /** The question it asks, and of whom. */
  readonly asks: string;
  /** What somebody who wants to log in sees when this is broken. */
  readonly symptom: string;
  /** Checks without which this one can't be asked: when one is broken, this one is "unknown". */
  readonly dependsOn: readonly string[];
  /** When true for an input, dependsOn does not apply. */
  readonly independentWhen?: (input: CheckInput) => boolean;
  /** Checks that say the same thing more precisely: when one is broken, this one is not asked. */
  readonly explainedBy?: readonly string[];
  readonly fixes: Readonly<Record<string, Fix>>;
}

/** Checks the shape of a part of the catalogue and keeps its ids and causes as types. */
export function entries<const T extends Readonly<Record<string, CheckEntry>>>(part: T): T {
  return part;
}

/** `npx pulumi <what>` for this stack. */
export function pulumi(input: CheckInput, what: string): string {
  return `\`npx pulumi ${what}${input.stack === undefined ? "" : ` --stack ${input.stack}`}\``;
}

/** `npx pulumi config set KEY VALUE` for this stack. */
export function configSet(input: CheckInput, key: string, value: string): string {
  return pulumi(input, `config set ${key} ${value}`);
}

/** `npx pulumi config set --secret KEY` for this stack; Pulumi asks for the value. */
export function configSecret(input: CheckInput, key: string): string {
  return pulumi(input, `config set --secret ${key}`);
}

/** Puts back on both sides what somebody changed by hand. */
export function deployAgain(input: CheckInput): string {
  return pulumi(input, "up --refresh");
}

/** Puts back in Immich what somebody changed by hand. */
export function writeAgain(input: CheckInput): string {
  return input.settingsThrough === "file" ? intoFile(input) : deployAgain(input);
}

/** What is to be put into Immich's configuration file. */
export function intoFile({ stack }: CheckInput): string {
  const which = stack === undefined ? "" : ` -- --stack ${stack}`;
  return `put what \`npm run config-file${which}\` prints into the file that IMMICH_CONFIG_FILE names, and restart Immich`;
}

/** A docker compose command in Immich's folder. */
export function compose(input: CheckInput, command: string): string {
  const runtime = input.host?.containerRuntime ?? "docker";
  const line = `cd ${input.host?.composeDirectory ?? "/opt/immich"} && ${runtime} compose ${command}`;
  const ssh = input.host?.ssh;
  return ssh === undefined ? `\`${line}\` on Immich's host` : `\`ssh ${ssh} '${line}'\``;
}

/** How to give settings of Immich's back their defaults: those that no `pulumi up` writes. */
export function resetting(input: CheckInput, settings: readonly string[]): string {
  if (input.settingsThrough === "file")
    return `This stack does not want it. Set it right in Immich's configuration file: ${settings.join(", ")}.`;
  if (input.settingsThrough === "api")
    return `This stack does not write it. Set it right in Immich > Administration > Settings > OAuth: ${settings.join(", ")}.`;
  const { container, database, user, store } = input.host?.postgres ?? {
    container: "immich_postgres",
    database: "immich",
    user: "postgres",
    store: "system_metadata" as const,
  };
  const runtime = input.host?.containerRuntime ?? "docker";
  const psql = `${runtime} exec -i ${container} psql -U ${quote(user)} -d ${quote(database)}`;
  const ssh = input.host?.ssh;
  // The statement comes by standard input: no shell on the way takes its quotes apart.
  const command = `echo "${removal(settings, store)}" | ${ssh === undefined ? psql : `ssh ${ssh} ${quote(psql)}`}`;
  const restart =
    store === "system_config"
      ? `, then restart Immich: ${compose(input, `restart ${service(input)}`)}`
      : "";
  return `This stack does not write it. Give it its default back: \`${command}\`${ssh === undefined ? " on Immich's host" : ""}${restart}; or set it in Immich > Administration > Settings > OAuth.`;
}

/** How administrators of Immich get in while password login is off. */
export function lettingAdminsIn(input: CheckInput): string {
  return `Give an administrator's user in Authentik the same e-mail address as in Immich (Authentik > Directory > Users), or leave passwords on: ${pulumi(input, "config rm passwordLogin")}. Locked out already: ${compose(input, `exec -T ${service(input)} immich-admin enable-password-login`)}.`;
}

/** How administrators of Immich stay what they are, where members of groups alone are to be. */
export function keepingRights(input: CheckInput): string {
  const [group = "GROUP"] = input.soleAdminGroups ?? [];
  // It asks for the e-mail address: that takes a terminal.
  const grant = compose(input, `exec ${service(input)} immich-admin grant-admin`).replace(
    "`ssh ",
    "`ssh -t ",
  );
  return `To keep the rights: Authentik > Directory > Groups > ${group} > Users > Add existing user; or let administrators be: ${configSet(input, "adminGroupsDemote", "false")}. To get lost ones back: ${grant}.`;
}

/** Immich's compose service. */
export function service(input: CheckInput): string {
  return input.host?.composeService ?? "immich-server";
}

/** Where the browser meets Authentik. */
export function publicUrl(input: CheckInput): string {
  return input.authentikPublicUrl ?? input.authentikUrl;
}

/** The address of the discovery document. */
export function discoveryUrl(input: CheckInput): string {
  return `${input.issuerUrl.replace(/\/$/, "")}/.well-known/openid-configuration`;
}

/** Whether Authentik's API and the browser use one address. */
export function oneAddress(input: CheckInput): boolean {
  try {
    return new URL(input.issuerUrl).origin === new URL(input.authentikUrl).origin;
  } catch {
    return false;
  }
}

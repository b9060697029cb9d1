/** What `npm run doctor -- --report` prints: all that a bug report needs, and nothing that says whose homelab it is. */
import { release } from "node:os";

import { advice, summary, table } from "../checks/print";
import type { CheckResult } from "../checks/types";
import type { StackConfig } from "../config";
import { dependencies, version } from "../package.json";

/** What of a stack is in a report. */
export interface Reported {
  readonly config: StackConfig;
  readonly results: readonly CheckResult[];
  /** Keys of the configuration that are not deployed yet. */
  readonly notDeployed: readonly string[];
  /** Whether anything is deployed. */
  readonly deployed: boolean;
}

/** Text in Markdown. Addresses, users, groups and secrets are replaced by what they are: `<immichUrl>`. */
export function bugReport({ config, results, notDeployed, deployed }: Reported): string {
  const hide = anonymous(config);
  const lines = [
    `immich-authentik-sso ${version}, @pulumi/pulumi ${dependencies["@pulumi/pulumi"]}, Node ${process.versions.node}, ${process.platform} ${release()}`,
    deployed ? "deployed" : "not deployed",
    `not deployed yet: ${notDeployed.join(", ") || "nothing"}`,
    `settings: ${choices(config)}`,
    "",
    table(results, { width: 1000 }),
    "",
    ...results.filter((one) => one.fix !== "").flatMap(advice),
    summary(results),
  ];
  return ["```text", hide(lines.join("\n")), "```"].join("\n");
}

/** The choices of a configuration that change what the program does; no names, no addresses. */
function choices(config: StackConfig): string {
  const { settingsThrough, database, immich, restart, application, loginCheck } = config;
  return Object.entries({
    settingsThrough,
    ...(database && settingsThrough === "database"
      ? {
          containerRuntime: database.runtime,
          settingsStore: database.store,
          postgresLogin: database.login,
          sshJumpHost: database.ssh.jump !== undefined,
          restart: restart.when,
        }
      : {}),
    loginCheck,
    autoRegister: immich.autoRegister,
    autoLaunch: immich.autoLaunch,
    passwordLogin: immich.passwordLogin,
    redirectUris: application.redirectUris.length,
    accessGroups: application.accessGroups.length,
    adminGroups: application.grants.adminGroups.length,
  })
    .map(([key, value]) => `${key}=${value}`)
    .join(" ");
}

/** Every group that is named. */
function groupsOf({ accessGroups, grants }: StackConfig["application"]): string[] {
  return [...accessGroups, ...grants.adminGroups, ...Object.keys(grants.storageQuotas)];
}

/** Takes a homelab's own names out of a text: first those that are configured, then whatever looks like one. */
function anonymous({ authentik, immich, apiKey, database, application }: StackConfig) {
  const named: [string, string][] = [
    ["authentik:url", authentik.url],
    ["authentikPublicUrl", authentik.publicUrl],
    ["immichUrl", immich.url],
    ["immichApiUrl", immich.apiUrl],
    ["clientId", application.clientId],
    ["clientSecret", application.clientSecret ?? ""],
    ["authentik:token", authentik.token],
    ["immichApiKey", apiKey],
    ["postgresPassword", database?.password ?? ""],
    ["sshUser", database ? `${database.ssh.user}@` : ""],
    ["sshHost", database?.ssh.host ?? ""],
    ["sshJumpHost", database?.ssh.jump?.host ?? ""],
    ...groupsOf(application).map((group): [string, string] => ["group", group]),
  ];
  const known = named
    .flatMap(([key, value]) => [
      [key, value],
      ...(value.includes("://") ? [[key, host(value)]] : []),
    ])
    .filter((pair): pair is [string, string] => (pair[1] ?? "").length > 2)
    .sort(([, a], [, b]) => b.length - a.length);
  return (text: string): string =>
    known
      .reduce((rest, [key, value]) => rest.split(value).join(`<${key}>`), text)
      .replace(/[\w.+-]+@[\w-]+(\.[\w-]+)+/g, "<address>")
      .replace(/\b\d{1,3}(\.\d{1,3}){3}\b/g, "<ip>")
      .replace(/\b([0-9a-f]{1,4}:){2,7}[0-9a-f]{0,4}\b/gi, "<ip>")
      .replace(/(https?:\/\/)[^\s/<"'`]+/g, "$1<host>");
}

function host(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "";
}

import * as pulumi from "@pulumi/pulumi";

import { askAuthentikFirst } from "./applicationArguments";
import { ssoArguments } from "./arguments";
import { ImmichSso } from "./components/immichSso";
import { refusal } from "./components/refusal";
import { readConfig } from "./config";
import { askImmichFirst, keyInClear } from "./immichFirst";

/** The program: stack configuration in, one component, stack outputs out. */
export = async function program(): Promise<Record<string, unknown>> {
  const stack = pulumi.getStack();
  // Pulumi tells the names of encrypted keys in this variable; Config tells values only.
  const secretKeys = new Set<string>(JSON.parse(process.env["PULUMI_CONFIG_SECRET_KEYS"] ?? "[]"));
  const config = await orEnd(async () =>
    readConfig({
      get: pulumi.runtime.getConfig,
      isSecret: (key) => secretKeys.has(key),
      keys: () => Object.keys(pulumi.runtime.allConfig()),
      stack,
    }),
  );
  const warning = keyInClear(config);
  if (warning) void pulumi.log.warn(warning);
  const [immichVersion] = await orEnd(() =>
    allOf(askImmichFirst(config, stack), askAuthentikFirst(config, stack)),
  );

  const sso = new ImmichSso("immich", ssoArguments(config, stack, immichVersion));
  return {
    issuerUrl: sso.issuerUrl,
    clientId: sso.clientId,
    clientSecret: sso.clientSecret,
    scopes: sso.scopes,
    redirectUris: sso.redirectUris,
    discoveryUrl: sso.discoveryUrl,
    launchUrl: config.application.launchUrl,
    immichUrl: config.immich.url,
    settingsChangedAt: sso.settingsChangedAt,
    loginCheck: sso.loginCheck.apply(glance),
    ...(config.settingsThrough === "file" ? { immichConfig: sso.immichConfig } : {}),
  };
};

/** The login check for a person to read: how many checks are ok, and each of the others. */
function glance(checks: Readonly<Record<string, string>>): Record<string, string> {
  const all = Object.entries(checks);
  const others = all.filter(([, verdict]) => verdict !== "ok");
  if (all.length === 0) return {};
  return {
    summary: `${all.length - others.length} of ${all.length} ok`,
    ...Object.fromEntries(others),
  };
}

/** Ends the program with the message of an expected error, without its stack. */
async function orEnd<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw refusal(error instanceof Error ? error.message : String(error));
  }
}

/** Waits for both, and fails with the messages of all that failed. */
async function allOf<A, B>(...work: readonly [Promise<A>, Promise<B>]): Promise<[A, B]> {
  const failed = (await Promise.allSettled(work)).filter(({ status }) => status === "rejected");
  const messages = failed.map((result) => (result as PromiseRejectedResult).reason.message);
  if (messages.length > 0) throw new Error(messages.join("\n\n"));
  return Promise.all(work);
}

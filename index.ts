import * as pulumi from "@pulumi/pulumi";

import { askAuthentikFirst } from "./components/applicationArgs";
import { ImmichSso } from "./components/immichSso";
import { refusal } from "./components/refusal";
import { readConfig } from "./config";
import { openTunnel, reachHost } from "./tunnel";

/** The program: stack configuration in, one component, stack outputs out. */
export = async function program(): Promise<Record<string, unknown>> {
  const stack = pulumi.getStack();
  // Pulumi tells the names of encrypted keys in this variable; Config tells values only.
  const secretKeys = new Set<string>(JSON.parse(process.env["PULUMI_CONFIG_SECRET_KEYS"] ?? "[]"));
  const config = orEnd(() =>
    readConfig({
      get: pulumi.runtime.getConfig,
      isSecret: (key) => secretKeys.has(key),
    }),
  );
  const [tunnelPort] = await orEnd(() =>
    Promise.all([
      openTunnel(config.database, stack, pulumi.runtime.isDryRun()),
      askAuthentikFirst(config, stack),
    ]),
  );

  const sso = new ImmichSso("immich", {
    config,
    stack,
    tunnelPort,
    reachHost: () => reachHost(config.database),
  });
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
    loginCheck: sso.loginCheck,
  };
};

/** Ends the program with the message of an expected error, without its stack. */
function orEnd<T>(work: () => T): T {
  const end = (error: unknown): never => {
    throw refusal(error instanceof Error ? error.message : String(error));
  };
  try {
    const result = work();
    return result instanceof Promise ? (result.catch(end) as T) : result;
  } catch (error) {
    return end(error);
  }
}

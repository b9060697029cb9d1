/**
 * `npm run config-file`: for those who run Immich from a configuration file (IMMICH_CONFIG_FILE), what this stack wants in
 * it. Changes nothing.
 *
 *   npm run config-file -- --stack NAME                 YAML, to be merged into the file
 *   npm run config-file -- --stack NAME --json          the same as JSON
 *   npm run config-file -- --stack NAME --show-secrets  the client secret in clear; else a placeholder is in its place
 *   npm run config-file -- --config-file FILE           another file of configuration than Pulumi.NAME.yaml
 *
 * Exit code 0: printed; 2: wrong usage, nothing is deployed, or the stack can't be read.
 */
import { parseArgs } from "node:util";
import { stringify } from "yaml";

import { claimSettings } from "../components/claims";
import { desiredSettings, passwordSettings } from "../components/settings";
import { ConfigError } from "../config";
import { CLIENT_SECRET_PLACE, configFileContent } from "../immich/configFileContent";
import { endSessionEndpoint } from "../immich/logout";
import { isSavableUrl } from "../immich/rules";
import { ends, say } from "./command";
import { CannotRead, readStack, type Stack } from "./doctorInput";
import { runningSandbox } from "./running";

const USAGE =
  "usage: npm run config-file -- [--stack NAME] [--yaml | --json] [--show-secrets] [--config-file FILE]";

async function main(): Promise<number> {
  const options = read();
  if (options === undefined) return 2;
  const sandbox = options.stack === "sandbox" ? runningSandbox() : undefined;
  Object.assign(process.env, sandbox?.environment);
  try {
    const stack = await readStack(options.stack, options.configFile ?? sandbox?.configFile);
    const content = contentOf(stack, options.showSecrets);
    if (content === undefined) {
      say(
        "Nothing is deployed in this stack: `npx pulumi up` first makes the client in Authentik.",
      );
      return 2;
    }
    process.stdout.write(
      options.json ? `${JSON.stringify(content, null, 2)}\n` : stringify(content),
    );
    if (!options.showSecrets)
      say(
        "The client secret is not in it: `--show-secrets` puts it in the place of PUT-THE-CLIENT-SECRET-HERE.",
      );
    if (stack.notDeployed.length > 0)
      say(`Not deployed yet, and not in it: ${stack.notDeployed.join(", ")} (\`npx pulumi up\`).`);
    return 0;
  } catch (error) {
    if (error instanceof CannotRead || error instanceof ConfigError) {
      say(error.message);
      return 2;
    }
    throw error;
  }
}

/** What is deployed, as Immich's file has it; undefined where nothing is. */
function contentOf({ config, deployed, loginOk }: Stack, showSecrets: boolean) {
  if (deployed === undefined) return undefined;
  const { immich, application } = config;
  const { issuerUrl, clientId, clientSecret, scopes } = deployed;
  const oauthSettings = { ...immich.oauthSettings, ...claimSettings(application.grants) };
  const login = { ...immich, oauthSettings };
  const { settings, whereKnown } = desiredSettings<string>(login, issuerUrl.startsWith("http:"), {
    issuerUrl,
    clientId,
    clientSecret: (showSecrets ? clientSecret : undefined) ?? CLIENT_SECRET_PLACE,
    scope: scopes.join(" "),
    ...(isSavableUrl(issuerUrl) ? { endSessionEndpoint: endSessionEndpoint(issuerUrl) } : {}),
  });
  // Login by password goes off only where a login is proven.
  const isProven = immich.passwordLogin !== false || loginOk;
  return configFileContent({
    ...settings,
    ...whereKnown,
    ...(isProven ? passwordSettings(immich) : {}),
  });
}

function read() {
  try {
    const { values } = parseArgs({
      options: {
        stack: { type: "string", short: "s" },
        yaml: { type: "boolean" },
        json: { type: "boolean" },
        "show-secrets": { type: "boolean" },
        "config-file": { type: "string" },
      },
    });
    if (values.yaml && values.json) throw new Error("--yaml and --json exclude each other");
    return {
      stack: values.stack,
      json: values.json ?? false,
      showSecrets: values["show-secrets"] ?? false,
      configFile: values["config-file"],
    };
  } catch (error) {
    say(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    return undefined;
  }
}

ends(main(), { code: 2, says: "config-file itself failed: " });

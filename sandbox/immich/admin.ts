/**
 * Immich's command line, as far as logging in goes, for whoever has locked themselves out:
 *
 *     node -r ./register.js sandbox/immich/admin.ts '{"databaseUrl":"postgres://…"}' enable-password-login
 *
 * Takes the options of main.ts; `databaseUrl`, `version` and `configFile` matter.
 */
import { openDatabase } from "./database";
import { createLog, describeError } from "./log";
import { merge } from "./merge";
import { readOptions } from "./options";
import { Settings } from "./settings";
import { parseVersion, traitsOf } from "./versions";

const COMMANDS: Readonly<Record<string, { section: string; enabled: boolean; says: string }>> = {
  "enable-password-login": {
    section: "passwordLogin",
    enabled: true,
    says: "Password login has been enabled.",
  },
  "disable-password-login": {
    section: "passwordLogin",
    enabled: false,
    says: "Password login has been disabled.",
  },
  "enable-oauth-login": { section: "oauth", enabled: true, says: "OAuth login has been enabled." },
  "disable-oauth-login": {
    section: "oauth",
    enabled: false,
    says: "OAuth login has been disabled.",
  },
};

async function main(json: string, name: string): Promise<void> {
  const command = COMMANDS[name];
  if (command === undefined) {
    throw new Error(`unknown command '${name}'. There are: ${Object.keys(COMMANDS).join(", ")}`);
  }
  const options = readOptions(json);
  const version = parseVersion(options.version);
  const traits = traitsOf(version);
  const pool = openDatabase(options.databaseUrl);
  const { configFile } = options;
  const log = createLog(undefined, "command");
  const settings = new Settings({ pool, version, traits, log, configFile });
  try {
    const reader = { context: "CliService" };
    const config = await settings.read(reader);
    const change = { [command.section]: { enabled: command.enabled } };
    await settings.save(merge(config, change), reader);
    process.stdout.write(`${command.says}\n`);
  } finally {
    await pool.end();
  }
}

const [json, name] =
  process.argv[3] === undefined ? [undefined, process.argv[2]] : process.argv.slice(2);
main(json ?? process.env["SANDBOX_IMMICH"] ?? "{}", name ?? "").catch((error: unknown) => {
  process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = 1;
});

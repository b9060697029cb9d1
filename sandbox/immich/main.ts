/**
 * The sandbox's Immich, a process of its own:
 *
 *     node -r ./register.js sandbox/immich/main.ts '{"port":2283,"databaseUrl":"postgres://…"}'
 *
 * Prints {"port":N} once it answers; ends on SIGTERM, SIGINT or when stdin closes. Exits with code 1 and
 * Immich's own complaint when the stored settings keep an Immich of that version from starting.
 */
import type { AddressInfo } from "node:net";
import { authRoutes } from "./api/auth";
import { keyRoutes } from "./api/keys";
import { oauthRoutes } from "./api/oauth";
import { features, serverRoutes } from "./api/server";
import { settingsPermissions, settingsRoutes } from "./api/settings";
import { userRoutes } from "./api/users";
import { migrate, openDatabase } from "./database";
import { FaultControl } from "./faults";
import { serve } from "./http";
import type { Immich } from "./immich";
import { ApiKeys } from "./keys";
import { createLog, describeError, type Log, stackOf } from "./log";
import { OauthClient } from "./oauth";
import { type Options, readOptions } from "./options";
import { page } from "./pages/pages";
import { People } from "./people";
import { Settings } from "./settings";
import { parseVersion, traitsOf } from "./versions";

async function main(options: Options): Promise<void> {
  const version = parseVersion(options.version);
  const traits = traitsOf(version);
  const log = createLog(options.logFile, traits.document ? "worker" : "server");
  const toFile = options.logFile !== undefined;
  try {
    const immich = await assemble(options, log);
    await announce(immich);
    const server = serve(
      [
        ...serverRoutes(immich),
        ...authRoutes(immich),
        ...oauthRoutes(immich),
        ...settingsRoutes(immich),
        ...userRoutes(immich),
        ...keyRoutes(immich),
      ],
      ({ url }) => page(url.pathname, traits),
      {
        correlation: traits.correlation,
        bareErrors: traits.bareErrors,
        faults: new FaultControl(options.controlToken),
        unforeseen: (error, { id }) =>
          log.write(
            "ERROR",
            "ErrorInterceptor",
            `Unknown error: ${String(error)}\n${stackOf(error)}`,
            id,
          ),
      },
    );
    server.once("error", (error) => die(log, error, toFile));
    server.listen(options.port, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      log.write("LOG", "NestApplication", "Nest application successfully started");
      const where = `http://127.0.0.1:${port} [v${version.text}] [production]`;
      log.write("LOG", "Bootstrap", `Immich Server is listening on ${where} `);
      process.stdout.write(`${JSON.stringify({ port })}\n`);
    });
  } catch (error) {
    die(log, error, toFile);
  }
}

async function assemble(options: Options, log: Log): Promise<Immich> {
  const version = parseVersion(options.version);
  const traits = traitsOf(version);
  const pool = openDatabase(options.databaseUrl);
  if (traits.document) {
    log.write("LOG", "DatabaseRepository", "Running migrations, this may take a while");
  }
  await migrate(pool, version, traits);
  const people = new People(pool, traits.people);
  if (options.admin !== undefined && !(await people.hasAdmin())) {
    const admin = await people.create({ ...options.admin, isAdmin: true, storageLabel: "admin" });
    await people.update(admin.id, { isOnboarded: true });
    await pool.query(
      `INSERT INTO system_metadata (key, value) VALUES ('admin-onboarding', '{"isOnboarded":true}')
       ON CONFLICT (key) DO NOTHING`,
    );
  }
  const keys = new ApiKeys(pool);
  const admin = await people.admin();
  if (options.apiKey !== undefined && admin !== undefined) {
    await giveKey(keys, admin.id, options.apiKey, settingsPermissions(traits));
  }
  const { configFile } = options;
  const settings = new Settings({ pool, version, traits, log, configFile });
  const oauth = new OauthClient(traits, log);
  return { version, traits, log, pool, settings, people, keys, oauth };
}

/** The key that an admin has made for programs; after an upgrade it has the permissions that came with it. */
async function giveKey(
  keys: ApiKeys,
  adminId: string,
  value: string,
  permissions: readonly string[],
): Promise<void> {
  const key = await keys.bySecret(value);
  if (key === undefined) await keys.create(adminId, "settings", permissions, value);
  else await keys.update(key.id, key.name, permissions);
}

/** Immich logs what it can do when it starts, and so reads its settings: bad ones end it here. */
async function announce(immich: Immich): Promise<void> {
  const flags = JSON.stringify(await features(immich), null, 2);
  const context = immich.traits.document ? "ServerService" : "ApiService";
  immich.log.write("LOG", context, `Feature Flags: ${flags}`);
  immich.log.write("LOG", "SystemConfigService", "LogLevel=log (set via system config)");
}

/** @param toFile the log goes to a file: whoever started this process sees stderr only. */
function die(log: Log, error: unknown, toFile: boolean): never {
  const text = describeError(error);
  log.raw(`${text}\nmicroservices worker error: ${String(error)}\n`);
  if (toFile) process.stderr.write(`${text}\n`);
  process.exit(1);
}

for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => process.exit(0));
process.stdin.on("end", () => process.exit(0)).resume();
void main(readOptions(process.argv[2] ?? process.env["SANDBOX_IMMICH"] ?? "{}"));

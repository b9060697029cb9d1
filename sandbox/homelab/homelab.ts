/** The embedded homelab, put together: what runs where, and what it takes to point the program at it. */
import { join } from "node:path";
import { type Docker, startDocker } from "../docker";
import { hostKeyPair } from "../ssh/keys";
import { type SshServer, startSshServer } from "../ssh";
import { type Postgres, startPostgres } from "../postgres";
import { makeBackend } from "./backend";
import { IMMICH_ADMIN, PEOPLE, type Ports, PROJECT, SSH_USER, STACK } from "./constants";
import { bystander, ImmichContainer, postgresContainer } from "./containers";
import { makeFolder, type SandboxFolder } from "./folder";
import { Part } from "./part";
import { choosePorts } from "./ports";
import { newSecret, newSecrets, type Secrets } from "./secrets";
import { writeStackFile } from "./stackFile";

/** How a sandbox is to be started. */
export interface HomelabOptions {
  /** Folder to live in, empty. Default: a new one among the temporary ones. */
  readonly folder?: string;
  /** First of five ports in a row; 0 for free ones. Default: DEFAULT_PORTS. */
  readonly portBase?: number;
  /** Default "1.135.3". */
  readonly immichVersion?: string;
  /** The stack goes through Immich's API, without SSH. Default false. */
  readonly throughApi?: boolean;
  /** Secrets for tests that look where secrets end up. Default: new ones, as all the others. */
  readonly authentikToken?: string;
  readonly postgresPassword?: string;
}

/** What Immich is told beyond its database; changed by the controls. */
export interface ImmichSettings {
  version: string;
  /** IMMICH_CONFIG_FILE. */
  configFile: string | undefined;
}

/** The line of JSON that `npm run sandbox -- --json` prints, without `control`. */
export interface Description {
  readonly authentik: { readonly url: string; readonly token: string };
  readonly immich: {
    readonly url: string;
    readonly admin: { email: string; password: string };
    /** That admin's API key, with what it takes to read and change the settings. */
    readonly apiKey: string;
  };
  readonly ssh: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    /** OpenSSH private key. */
    readonly privateKey: string;
    /** As in `authorized_keys`. */
    readonly hostKey: string;
  };
  readonly postgres: {
    readonly container: string;
    readonly database: string;
    readonly user: string;
    readonly password: string;
    readonly host: string;
    readonly port: number;
  };
  readonly compose: { readonly directory: string; readonly service: string };
  /** People who can log in at Authentik. */
  readonly users: readonly { username: string; email: string; password: string }[];
  /** Environment for `npx pulumi`. */
  readonly environment: Readonly<Record<string, string>>;
  /** More options for `npx pulumi preview|up|refresh|destroy --stack sandbox`. */
  readonly arguments: readonly string[];
  readonly folder: string;
}

/** A running homelab. */
export interface Homelab {
  readonly description: Description;
  readonly authentik: Part;
  /** Key to Authentik's own `/sandbox/` controls. */
  readonly authentikControl: string;
  readonly immich: ImmichContainer;
  /** Key to Immich's own `/sandbox/` controls. */
  readonly immichControl: string;
  readonly immichSettings: ImmichSettings;
  readonly postgres: Postgres;
  readonly docker: Docker;
  /** The SSH server; another object after it was stopped and started. */
  ssh(): SshServer;
  stopSsh(): Promise<void>;
  startSsh(): Promise<void>;
  /** Stops everything and removes the folder. Does its work once. */
  stop(): Promise<void>;
}

const HOST = "127.0.0.1";

/**
 * Starts everything; resolves when all parts answer.
 *
 * @throws Error about the first part that can't be started; the others are stopped again.
 */
export async function startHomelab(options: HomelabOptions): Promise<Homelab> {
  const ports = await choosePorts(options.portBase);
  const cleanup: (() => Promise<void>)[] = [];
  let folder: SandboxFolder | undefined;
  try {
    folder = makeFolder(options.folder);
    return await assemble(options, ports, folder, cleanup);
  } catch (error) {
    await tidy(cleanup, folder);
    throw error;
  }
}

async function assemble(
  options: HomelabOptions,
  ports: Ports,
  folder: SandboxFolder,
  cleanup: (() => Promise<void>)[],
): Promise<Homelab> {
  const secrets = newSecrets(options);
  const people = PEOPLE.map((person) => ({ ...person, password: newSecret() }));
  const immichSettings: ImmichSettings = {
    version: options.immichVersion ?? "1.135.3",
    configFile: undefined,
  };
  const authentik = new Part({
    title: "Authentik",
    program: "sandbox/authentik/main.ts",
    variable: "SANDBOX_AUTHENTIK",
    tell: (port) => ({
      port: port || ports.authentik,
      token: secrets.authentikToken,
      controlToken: secrets.authentikControl,
      adminPassword: secrets.akadminPassword,
      stateFile: join(folder.path, "authentik.json"),
      groups: ["immich-users", "immich-admins"],
      users: people.map(({ username, ...person }) => ({
        ...person,
        username,
        name: `${username.charAt(0).toUpperCase()}${username.slice(1)}`,
      })),
    }),
  });
  cleanup.push(() => authentik.stop());
  const [postgres] = await bothOrNothing(
    startPostgres({
      folder: folder.path,
      port: ports.postgres,
      password: secrets.postgresPassword,
      immichVersion: immichSettings.version,
    }).then((started) => {
      cleanup.unshift(() => started.stop());
      return started;
    }),
    authentik.start(),
  );

  const part = new Part({
    title: "Immich",
    program: "sandbox/immich/main.ts",
    variable: "SANDBOX_IMMICH",
    tell: (port) => ({
      port: port || ports.immich,
      databaseUrl: postgres.url,
      version: immichSettings.version,
      configFile: immichSettings.configFile,
      admin: { ...IMMICH_ADMIN, password: secrets.immichAdminPassword },
      apiKey: secrets.immichApiKey,
      controlToken: secrets.immichControl,
    }),
  });
  const immich = new ImmichContainer(
    part,
    () => immichSettings.version,
    () => immichSettings.configFile,
  );
  cleanup.unshift(() => immich.stop());
  const root = join(folder.path, "host");
  const docker = await startDocker({
    root,
    containers: [
      immich,
      bystander(
        "immich_machine_learning",
        "immich-machine-learning",
        "ghcr.io/immich-app/immich-machine-learning:release",
        3003,
      ),
      bystander("immich_redis", "redis", "docker.io/valkey/valkey:8-bookworm", 6379),
      postgresContainer(postgres),
    ],
  });
  cleanup.unshift(() => docker.stop());
  const { bin, environment } = docker;
  const listen = (port: number): Promise<SshServer> =>
    startSshServer({ home: root, bin, environment, user: SSH_USER, port });
  await immich.start();
  let ssh: SshServer | undefined = await listen(ports.ssh);
  cleanup.unshift(async () => ssh?.stop());
  await immich.answers();

  const description = await describe(folder.path, {
    ports,
    secrets,
    people,
    privateKey: ssh.privateKey,
    throughApi: options.throughApi ?? false,
  });
  let stopped: Promise<void> | undefined;
  return {
    description,
    authentik,
    authentikControl: secrets.authentikControl,
    immich,
    immichControl: secrets.immichControl,
    immichSettings,
    postgres,
    docker,
    ssh: () => {
      if (ssh === undefined) throw new Error("The sandbox's SSH server is stopped.");
      return ssh;
    },
    stopSsh: async () => {
      await ssh?.stop();
      ssh = undefined;
    },
    startSsh: async () => {
      ssh ??= await listen(description.ssh.port);
    },
    stop: () => (stopped ??= tidy(cleanup, folder)),
  };
}

async function describe(
  folder: string,
  given: {
    ports: Ports;
    secrets: Secrets;
    people: Description["users"];
    privateKey: string;
    throughApi: boolean;
  },
): Promise<Description> {
  const { ports, secrets } = given;
  const described = {
    authentik: { url: `http://${HOST}:${ports.authentik}`, token: secrets.authentikToken },
    immich: {
      url: `http://${HOST}:${ports.immich}`,
      admin: { email: IMMICH_ADMIN.email, password: secrets.immichAdminPassword },
      apiKey: secrets.immichApiKey,
    },
    ssh: {
      host: HOST,
      port: ports.ssh,
      user: SSH_USER,
      privateKey: given.privateKey,
      hostKey: hostKeyPair().publicKey,
    },
    postgres: {
      container: "immich_postgres",
      database: "immich",
      user: "postgres",
      password: secrets.postgresPassword,
      host: HOST,
      port: ports.postgres,
    },
    compose: { directory: "/opt/immich", service: "immich-server" },
    users: given.people.map(({ username, email, password }) => ({ username, email, password })),
  };
  const { authentik, immich, ssh, postgres } = described;
  const stackFile = join(folder, `Pulumi.${STACK}.yaml`);
  await writeStackFile(stackFile, secrets.passphrase, {
    "authentik:url": authentik.url,
    "authentik:token": { secret: authentik.token },
    ...Object.fromEntries(
      Object.entries({
        immichUrl: immich.url,
        ...(given.throughApi
          ? { settingsThrough: "api", immichApiKey: { secret: immich.apiKey } }
          : {
              sshHost: ssh.host,
              sshPort: ssh.port,
              sshUser: ssh.user,
              sshHostKey: ssh.hostKey,
              sshPrivateKey: { secret: ssh.privateKey },
              postgresPort: postgres.port,
              tunnelPort: ports.tunnel,
              postgresPassword: { secret: postgres.password },
            }),
      }).map(([key, value]) => [`${PROJECT}:${key}`, value]),
    ),
  });
  return {
    ...described,
    environment: makeBackend(folder, secrets.passphrase),
    arguments: ["--config-file", stackFile],
    folder,
  };
}

/** Waits for both to settle, so that what did start can be stopped when the other failed. */
async function bothOrNothing<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return Promise.all([first, second]);
}

async function tidy(
  cleanup: (() => Promise<void>)[],
  folder: SandboxFolder | undefined,
): Promise<void> {
  await Promise.allSettled(cleanup.map((stop) => stop()));
  folder?.remove();
}

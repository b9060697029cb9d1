/**
 * The sandbox's controls, for tests: HTTP on loopback, `POST /<part>/<action>` with a JSON body and a
 * JSON answer, for who has the token. They start and stop parts, count what was asked of them, and break things
 * on purpose.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import type { DockerPolicies } from "./docker";
import type { Homelab } from "./homelab/homelab";
import { newSecret } from "./homelab/secrets";
import { serveJson } from "./jsonServer";
import type { SshPolicies } from "./ssh";

/** Controls that answer. */
export interface Control {
  readonly url: string;
  /** Asked for as `Authorization: Bearer …`. */
  readonly token: string;
  stop(): Promise<void>;
}

type Body = Readonly<Record<string, unknown>>;
type Action = (homelab: Homelab, body: Body) => unknown;

/** Starts the controls of `homelab`. */
export async function startControl(homelab: Homelab): Promise<Control> {
  const token = newSecret();
  const server = await serveJson(token, async (path, text) => handle(homelab, path, text));
  return { ...server, token };
}

async function handle(homelab: Homelab, path: string, text: string): Promise<unknown> {
  const body = (text === "" ? {} : JSON.parse(text)) as Body;
  const [, part, own] = /^(authentik|immich)\/(faults|requests|sessions)$/.exec(path) ?? [];
  if (part !== undefined && own !== undefined) {
    const { description, authentikControl, immichControl } = homelab;
    const [{ url }, key] =
      part === "immich"
        ? [description.immich, immichControl]
        : [description.authentik, authentikControl];
    return passOn(`${url}/sandbox/${own}`, key, String(body["method"] ?? "POST"), text);
  }
  const action = ACTIONS[path];
  if (action === undefined) {
    throw new Error(
      `The sandbox has no control ${path}. It has: ${Object.keys(ACTIONS).join(", ")}`,
    );
  }
  return action(homelab, body);
}

/** Authentik and Immich have controls of their own. */
async function passOn(url: string, key: string, method: string, body: string): Promise<unknown> {
  const response = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    ...(method === "POST" ? { body } : {}),
  });
  return response.json();
}

const ACTIONS: Readonly<Record<string, Action>> = {
  "": (homelab) => ({
    authentik: { pid: homelab.authentik.pid },
    immich: immichState(homelab),
    postgres: { pid: homelab.postgres.pid },
  }),

  "immich/state": immichState,
  "immich/logs": ({ immich }) => immich.logs().map(({ text }) => text),
  "immich/stop": ({ immich }) => immich.stop(),
  "immich/start": startImmich,
  "immich/restart": async (homelab, body) => {
    await homelab.immich.stop();
    return startImmich(homelab, body);
  },
  // {version?, configFile?: object | string | null}, then a restart. A string is the file's text, such as YAML.
  "immich/configure": async (homelab, body) => {
    const { immichSettings, description } = homelab;
    if (body["version"] !== undefined) immichSettings.version = String(body["version"]);
    if (body["configFile"] !== undefined) {
      const file = join(description.folder, "immich-config.json");
      const { configFile } = body;
      const content = typeof configFile === "string" ? configFile : JSON.stringify(configFile);
      if (configFile !== null) writeFileSync(file, content, { mode: 0o600 });
      immichSettings.configFile = configFile === null ? undefined : file;
    }
    await homelab.immich.stop();
    return startImmich(homelab, body);
  },

  "authentik/stop": ({ authentik }) => authentik.stop(),
  "authentik/start": ({ authentik }) => authentik.start(),
  "authentik/restart": async ({ authentik }) => {
    await authentik.stop();
    await authentik.start();
  },
  "authentik/logs": ({ authentik }) => authentik.logs().map(({ text }) => text),

  "postgres/stop": ({ postgres }) => postgres.shutDown(),
  "postgres/start": ({ postgres }) => postgres.startAgain(),
  "postgres/restart": async ({ postgres }) => {
    await postgres.shutDown();
    await postgres.startAgain();
  },
  "postgres/logs": ({ postgres }) => postgres.logs(),
  // {sql, values?}: as the superuser.
  "postgres/query": async ({ postgres }, body) => {
    const client = new Client({ connectionString: postgres.url });
    await client.connect();
    try {
      const result = await client.query(String(body["sql"]), body["values"] as unknown[]);
      return { rows: result.rows ?? [], count: result.rowCount };
    } finally {
      await client.end();
    }
  },

  "ssh/state": sshState,
  // SshPolicies, each one optional.
  "ssh/policies": (homelab, body) => {
    homelab.ssh().setPolicies(body as Partial<SshPolicies>);
    return sshState(homelab);
  },
  "ssh/await-fault": async (homelab) => {
    await homelab.ssh().faultStruck();
    return sshState(homelab);
  },
  "ssh/reset": (homelab) => {
    homelab.ssh().resetCounters();
    return sshState(homelab);
  },
  "ssh/drop": (homelab) => homelab.ssh().dropConnections(),
  "ssh/stop": (homelab) => homelab.stopSsh(),
  "ssh/start": (homelab) => homelab.startSsh(),

  "docker/state": dockerState,
  // DockerPolicies, each one optional.
  "docker/policies": (homelab, body) => {
    homelab.docker.setPolicies(body as Partial<DockerPolicies>);
    return dockerState(homelab);
  },
};

/** {wait?: false}: doesn't wait until Immich answers. */
async function startImmich(homelab: Homelab, body: Body): Promise<unknown> {
  await homelab.immich.start();
  if (body["wait"] !== false) await homelab.immich.answers();
  return immichState(homelab);
}

function immichState({ immich, immichSettings, docker }: Homelab) {
  return {
    ...immich.state(),
    ...immichSettings,
    // Starts through `docker`; those through these controls aren't counted.
    restarts: docker.restarts["immich_server"] ?? 0,
  };
}

function sshState(homelab: Homelab) {
  const ssh = homelab.ssh();
  return {
    ...ssh.counters,
    open: ssh.openConnections(),
    faultsStruck: ssh.faultsStruck(),
    policies: ssh.policies,
  };
}

function dockerState({ docker }: Homelab) {
  return { restarts: docker.restarts, policies: docker.policies };
}

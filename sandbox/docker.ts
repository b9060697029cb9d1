/**
 * Docker, as the sandbox's SSH user sees it: the command `docker` (and `podman`, `sudo -n docker`)
 * that tells of the sandbox's own processes and really restarts them. There is no Docker behind it.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { answer } from "./docker/commands";
import type { Container } from "./docker/container";
import { writeCommands } from "./docker/shim";
import { newSecret } from "./homelab/secrets";
import { serveJson } from "./jsonServer";
import { type Call, type DockerPolicies, usualDocker, type World } from "./docker/world";

export type { Container, ContainerState, Disguise, Health, LogLine } from "./docker/container";
export type { DockerPolicies } from "./docker/world";

/** What `docker` is started with. */
export interface DockerOptions {
  readonly containers: readonly Container[];
  /** Folder that stands for the machine's root; gets `bin` with the commands and `opt/immich`. */
  readonly root: string;
}

/** Docker, answering. */
export interface Docker {
  /** Folder of the commands, to be put in front of PATH. */
  readonly bin: string;
  /** Environment that the commands need. */
  readonly environment: Readonly<Record<string, string>>;
  readonly policies: DockerPolicies;
  /** How often a container was started anew, by a person or by a program, since the beginning. */
  readonly restarts: Readonly<Record<string, number>>;
  setPolicies(change: Partial<DockerPolicies>): void;
  stop(): Promise<void>;
}

/** Writes the commands and answers them. The containers are the caller's to start and to stop. */
export async function startDocker(options: DockerOptions): Promise<Docker> {
  const { root } = options;
  const bin = join(root, "bin");
  writeCommands(bin);
  const project = join(root, "opt/immich");
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, "docker-compose.yml"), composeFile(options.containers));

  const restarts: Record<string, number> = {};
  const containers = options.containers.map((container) => counted(container, restarts));
  const world: World = { containers, root, policies: usualDocker };
  const token = newSecret();
  const server = await serveJson(token, (_path, text) =>
    permitted(world, JSON.parse(text) as Call),
  );
  return {
    bin,
    environment: { SANDBOX_DOCKER: server.url, SANDBOX_DOCKER_TOKEN: token },
    get policies() {
      return world.policies;
    },
    restarts,
    setPolicies: (change) => {
      world.policies = { ...world.policies, ...change };
    },
    stop: () => server.stop(),
  };
}

function permitted(world: World, call: Call): ReturnType<typeof answer> {
  if (call.sudo && !world.policies.sudo) {
    return Promise.resolve({ code: 1, stdout: "", stderr: "sudo: a password is required\n" });
  }
  return answer(world, call);
}

/** Counts each start of a container in `counts`. */
function counted(container: Container, counts: Record<string, number>): Container {
  counts[container.name] = 0;
  return {
    ...bound(container),
    start: async () => {
      counts[container.name] = (counts[container.name] ?? 0) + 1;
      await container.start();
    },
  };
}

function bound(container: Container): Container {
  return {
    name: container.name,
    service: container.service,
    image: container.image,
    port: container.port,
    environment: () => container.environment(),
    state: () => container.state(),
    logs: () => container.logs(),
    start: () => container.start(),
    stop: () => container.stop(),
  };
}

/** A compose file that tells a reader which services there are; nothing reads it but `docker` above. */
function composeFile(containers: readonly Container[]): string {
  const services = containers.map(
    ({ service, name, image }) =>
      `  ${service}:\n    container_name: ${name}\n    image: ${image}\n    restart: always\n`,
  );
  return `name: immich\n\nservices:\n${services.join("\n")}`;
}

// The engines, and the Compose project that each is given.
import type { ComposeService } from "../../ssh/composeScript";
import { type Homelab, IMAGE, podmanConfiguration } from "./homelab";
import type { User } from "./trees";

/** A container engine, its Compose, and how the stack reaches it. */
export interface Engine {
  readonly name: string;
  /** As whom the program logs in. */
  readonly user: User;
  /** What the program is told. */
  readonly runtime: string;
  /** What the harness itself uses, as root. */
  readonly program: "docker" | "podman";
  /** Lines of podman's configuration that choose its Compose. */
  readonly provider?: string;
}

export const ENGINES: readonly Engine[] = [
  { name: "Docker", user: "member", runtime: "docker", program: "docker" },
  { name: "Docker by sudo", user: "sudoer", runtime: "sudo -n docker", program: "docker" },
  {
    name: "Podman with podman-compose",
    user: "sudoer",
    runtime: "sudo -n podman",
    program: "podman",
    provider: "/usr/bin/podman-compose",
  },
  {
    name: "Podman with docker-compose",
    user: "sudoer",
    runtime: "sudo -n podman",
    program: "podman",
    provider: "/usr/bin/docker-compose",
  },
];

export const PASSWORD = "canary-real-5d1f";
export const DIRECTORY = "/opt/immich";

export const serviceOf = ({ runtime }: Engine): ComposeService => ({
  runtime,
  directory: DIRECTORY,
  service: "immich-server",
});

/** How the server of a project differs from the usual one. */
export interface Variant {
  /** Default `[/srv/server]`. */
  readonly command?: string;
  /** Default: made each second. An empty text: none. */
  readonly healthcheck?: string;
  /** Default `always`. */
  readonly restart?: string;
  /** Default: a name, so that there can be one only. */
  readonly unnamed?: boolean;
  readonly more?: string;
  /** Lines at the top. */
  readonly head?: string;
}

export function composeFile(variant: Variant = {}): string {
  const healthcheck =
    variant.healthcheck ??
    "healthcheck: { test: [CMD, /srv/health], interval: 1s, timeout: 5s, retries: 60 }";
  const lines = [
    `image: ${IMAGE}`,
    variant.unnamed ? "" : "container_name: immich_server",
    `command: ${variant.command ?? "[/srv/server]"}`,
    `restart: "${variant.restart ?? "always"}"`,
    "stop_grace_period: 1s",
    healthcheck,
    variant.more ?? "",
  ].filter((line) => line !== "");
  return `${variant.head ?? ""}services:
  immich-server:
${lines.map((line) => `    ${line}\n`).join("")}  database:
    image: ${IMAGE}
    container_name: immich_postgres
    command: [/srv/postgres]
    stop_grace_period: 1s
    environment: { PASSWORD: ${PASSWORD} }
`;
}

/** Removes all containers and Compose files, and starts the project anew. */
export async function freshProject(
  homelab: Homelab,
  engine: Engine,
  variant: Variant = {},
  services = "immich-server",
): Promise<void> {
  clear(homelab, engine);
  homelab.write(`${DIRECTORY}/docker-compose.yml`, composeFile(variant));
  compose(homelab, engine, `up -d ${services}`);
  await homelab.until(`${engine.program} ps -aq | grep .`);
}

/** Removes all containers of both engines, and the Compose files. */
export function clear(homelab: Homelab, engine: Engine): void {
  for (const program of ["docker", "podman"]) {
    homelab.run(`ids=$(${program} ps -aq) && [ -n "$ids" ] && ${program} rm -f $ids`);
  }
  // Each Compose refuses a network of the other's.
  for (const program of ["docker", "podman"]) homelab.run(`${program} network prune -f`);
  homelab.must("rm -rf /opt/immich /opt/photos");
  homelab.write("etc/containers/containers.conf", podmanConfiguration(engine.provider));
}

/** Runs Compose in the project's directory, as root. */
export function compose(homelab: Homelab, engine: Engine, words: string, directory = DIRECTORY) {
  return homelab.must(`cd ${directory} && ${engine.program} compose ${words}`);
}

/** When each container of a name was started, as text. */
export function startedAt(homelab: Homelab, { program }: Engine, ...names: string[]): string[] {
  const format = "'{{json .State.StartedAt}}'";
  return homelab.must(`${program} inspect --format ${format} ${names.join(" ")}`).split("\n");
}

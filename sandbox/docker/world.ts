/** What the sandbox's `docker` knows, and how it is told to be different for tests. */
import { type Container, type Disguise, see, type Seen } from "./container";

/** The programs that there can be. */
export type Program = "docker" | "podman";

/** How Docker on this machine is; changed at run time. */
export interface DockerPolicies {
  /** The programs that are installed. Default docker only. */
  readonly programs: readonly Program[];
  /** Whether the user is in the group `docker`. Default true. */
  readonly group: boolean;
  /** Whether `sudo -n` works without a password. Default true. */
  readonly sudo: boolean;
  /** Whether the daemon runs. Default true. */
  readonly daemon: boolean;
  /** `fails`: the container is stopped and can't be started, as its port is taken. Default `works`. */
  readonly restart: "works" | "fails";
  /**
   * The Compose there is: Docker's plugin (with podman: docker-compose as its provider), the command `docker-compose` alone,
   * `podman-compose` (of podman), or none. Default `plugin`.
   */
  readonly compose: "plugin" | "standalone" | "podman-compose" | "none";
  /** What Compose has to say of its file, on stderr, at each call. Default nothing. */
  readonly warnings: readonly string[];
  /** Podman's containers are root's: `podman` sees none of them, `sudo -n podman` does. Default false. */
  readonly rootful: boolean;
  /** The versions. Default `28.5` and `5.4`. */
  readonly dockerVersion: "20.10" | "26.1" | "28.5";
  readonly podmanVersion: "4.3" | "5.4";
  /** Containers beside the sandbox's own, which are nothing but what is said of them here. */
  readonly others: readonly OtherContainer[];
  /** Containers, by the name in the compose file, that are shown to be other than they are. */
  readonly disguises: Readonly<Record<string, Disguise>>;
}

/** A container that is nothing but what is said of it. */
export interface OtherContainer extends Disguise {
  readonly name: string;
  /** The Compose service that it says it belongs to. */
  readonly service: string;
}

/** Docker as one expects it. */
export const usualDocker: DockerPolicies = {
  programs: ["docker"],
  group: true,
  sudo: true,
  daemon: true,
  restart: "works",
  compose: "plugin",
  warnings: [],
  rootful: false,
  dockerVersion: "28.5",
  podmanVersion: "5.4",
  others: [],
  disguises: {},
};

/** The containers of this machine. */
export interface World {
  readonly containers: readonly Container[];
  /** The folder that stands for the machine's root: it has `opt/immich` with the compose file. */
  readonly root: string;
  policies: DockerPolicies;
}

/** A command as the user typed it. */
export interface Call {
  readonly program: Program;
  readonly args: readonly string[];
  /** The directory it was typed in. */
  readonly cwd: string;
  /** Behind `sudo -n`. */
  readonly sudo: boolean;
  /** `docker-compose` or `podman-compose` was typed, instead of `docker compose`. */
  readonly standalone?: boolean;
}

/** What a command came to. */
export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that fails: Docker's own words, and its exit code. */
export class Refusal extends Error {
  constructor(
    message: string,
    readonly code = 1,
    /** What it prints on stdout before it fails. */
    readonly stdout = "",
  ) {
    super(message);
  }
}

/** All containers that the caller can see. */
export function visible(world: World, call: Call): Seen[] {
  const { policies } = world;
  if (call.program === "podman" && policies.rootful && !call.sudo) return [];
  const own = world.containers.map((one) => see(one, policies.disguises[one.name]));
  const others = policies.others.map((other) => see(pretended(other), other));
  return [...own, ...others].filter((seen) => seen !== undefined);
}

/** The container of that name or (the beginning of an) id. */
export function find(world: World, call: Call, word: string): Seen | undefined {
  const name = word.replace(/^\//, "");
  const all = visible(world, call);
  return (
    all.find((seen) => seen.name === name) ??
    all.find((seen) => name.length >= 4 && seen.id.startsWith(name))
  );
}

/** When the pretended containers were started, by name. */
const starts = new Map<string, Date>();

function pretended({ name, service, status = "running" }: OtherContainer): Container {
  return {
    name,
    service,
    image: "ghcr.io/immich-app/immich-server:release",
    port: 2283,
    environment: () => [],
    state: () => ({
      status,
      pid: status === "running" ? 4242 : 0,
      startedAt: starts.get(name) ?? new Date(0),
      exitCode: 0,
      restartCount: 0,
    }),
    logs: () => [],
    start: () => {
      starts.set(name, new Date());
      return Promise.resolve();
    },
    stop: () => Promise.resolve(),
  };
}

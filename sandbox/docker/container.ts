/** What a container of the sandbox is, and how `docker inspect` describes it. */
import { createHash } from "node:crypto";

/** A line of a container's log. */
export interface LogLine {
  readonly at: Date;
  readonly text: string;
}

/** Health as Docker tells it. */
export type Health = "starting" | "healthy" | "unhealthy";

/** A process of the sandbox, seen as a container. */
export interface Container {
  /** Name given in the compose file, `immich_server` for one. */
  readonly name: string;
  /** Service in the compose file, `immich-server` for one. */
  readonly service: string;
  readonly image: string;
  /** `KEY=value`, as in `Config.Env`. */
  environment(): readonly string[];
  /** Port that it listens on in its network. */
  readonly port: number;
  state(): ContainerState;
  logs(): readonly LogLine[];
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** How a container is. */
export interface ContainerState {
  readonly status: "running" | "exited" | "restarting" | "paused" | "created";
  /** Process id, 0 when it doesn't run. */
  readonly pid: number;
  readonly startedAt: Date;
  readonly finishedAt?: Date;
  readonly exitCode: number;
  /** How often Docker's restart policy had to start it again. */
  readonly restartCount: number;
  /** Absent when the image has no health check. */
  readonly health?: Health;
}

/** How a container is shown to be other than it is, for tests. */
export interface Disguise {
  /** There is no such container. */
  readonly missing?: boolean;
  /** Another name. */
  readonly name?: string;
  readonly status?: ContainerState["status"];
  /** Health, or null for an image without a health check. */
  readonly health?: Health | null;
  /** Networks with the container's address in each. Default: `immich_default` at 127.0.0.1. */
  readonly networks?: Readonly<Record<string, string>>;
  /** `HostConfig.NetworkMode`; "host" leaves the container without an address of its own. */
  readonly networkMode?: string;
  /** Addresses of the machine that the port is published at. */
  readonly published?: readonly { readonly host: string; readonly port: number }[];
}

/** Docker's zero time. */
const NEVER = "0001-01-01T00:00:00Z";

/** Project name that Compose derives from the folder `/opt/immich`. */
export const PROJECT = "immich";

/** A container as one line of Docker's memory: itself, with its disguise over it. */
export interface Seen {
  readonly container: Container;
  readonly disguise: Disguise;
  readonly name: string;
  readonly id: string;
  readonly state: ContainerState;
}

/** Puts the disguise over a container; `undefined` where it says that there is none. */
export function see(container: Container, disguise: Disguise = {}): Seen | undefined {
  if (disguise.missing === true) return undefined;
  const real = container.state();
  const status = disguise.status ?? real.status;
  const health = disguise.health === undefined ? real.health : (disguise.health ?? undefined);
  return {
    container,
    disguise,
    name: disguise.name ?? container.name,
    id: createHash("sha256").update(container.name).digest("hex"),
    state: {
      startedAt: real.startedAt,
      exitCode: real.exitCode,
      restartCount: real.restartCount,
      ...(real.finishedAt === undefined ? {} : { finishedAt: real.finishedAt }),
      status,
      pid: status === "running" || status === "paused" ? real.pid : 0,
      ...(health === undefined ? {} : { health }),
    },
  };
}

/** What `docker inspect` prints of it. */
export function inspection(seen: Seen, workingDirectory: string): Record<string, unknown> {
  const { container, disguise, id, state, name } = seen;
  const mode = disguise.networkMode ?? `${PROJECT}_default`;
  return {
    Id: id,
    Created: state.startedAt.toISOString(),
    Path: "tini",
    Args: [],
    State: {
      Status: state.status,
      Running: state.status === "running" || state.status === "paused",
      Paused: state.status === "paused",
      Restarting: state.status === "restarting",
      OOMKilled: false,
      Dead: false,
      Pid: state.pid,
      ExitCode: state.exitCode,
      Error: "",
      StartedAt: state.startedAt.toISOString(),
      FinishedAt: state.finishedAt?.toISOString() ?? NEVER,
      ...(state.health === undefined
        ? {}
        : {
            Health: {
              Status: state.health,
              FailingStreak: state.health === "unhealthy" ? 3 : 0,
              Log: [],
            },
          }),
    },
    Image: `sha256:${createHash("sha256").update(container.image).digest("hex")}`,
    Name: `/${name}`,
    RestartCount: state.restartCount,
    HostConfig: {
      NetworkMode: mode,
      RestartPolicy: { Name: "always", MaximumRetryCount: 0 },
    },
    Config: {
      Hostname: id.slice(0, 12),
      Env: container.environment(),
      Image: container.image,
      Labels: {
        "com.docker.compose.oneoff": "False",
        "com.docker.compose.project": PROJECT,
        "com.docker.compose.project.working_dir": workingDirectory,
        "com.docker.compose.service": container.service,
      },
    },
    NetworkSettings: networkSettings(seen, mode),
  };
}

function networkSettings({ container, disguise, state }: Seen, mode: string) {
  const up = state.status === "running" || state.status === "paused";
  const given =
    disguise.networks ?? (mode === "host" ? { host: "" } : { [`${PROJECT}_default`]: "127.0.0.1" });
  const networks = Object.entries(given).map(([network, address]) => [
    network,
    {
      Aliases: [container.name, container.service],
      NetworkID: createHash("sha256").update(network).digest("hex"),
      Gateway: up && address !== "" ? "127.0.0.1" : "",
      IPAddress: up ? address : "",
      IPPrefixLen: up && address !== "" ? 8 : 0,
      GlobalIPv6Address: "",
    },
  ]);
  const published = disguise.published?.map((at) => ({
    HostIp: at.host,
    HostPort: String(at.port),
  }));
  return {
    IPAddress: "",
    Ports: mode === "host" ? {} : { [`${container.port}/tcp`]: published ?? null },
    Networks: Object.fromEntries(networks),
  };
}

// Containers for the sandbox's Docker that are nothing but what they say of themselves.
import type { Container, ContainerState } from "../../../sandbox/docker";

/** Such a container; it counts its starts. */
export interface PretendedContainer extends Container {
  /** How often it was started. */
  readonly starts: number;
  /** How it is after its next starts: laid over a healthy one. */
  turns: Partial<ContainerState>;
  /** Healthy, and never started anew. */
  reset(): void;
}

export function pretendedContainer(
  name: string,
  service: string,
  port: number,
): PretendedContainer {
  const fresh = () => ({
    starts: 0,
    running: true,
    startedAt: new Date(Date.now() - 5_000),
    turns: {} as Partial<ContainerState>,
  });
  let now = fresh();
  return {
    name,
    service,
    port,
    image: `example/${name}:v1`,
    environment: () => ["TZ=UTC"],
    state: () => ({
      status: now.running ? "running" : "exited",
      pid: now.running ? 100 + now.starts : 0,
      startedAt: now.startedAt,
      exitCode: 0,
      restartCount: 0,
      health: "healthy",
      ...(now.starts > 0 ? now.turns : {}),
    }),
    logs: () => [{ at: new Date(), text: "Immich Server is listening" }],
    start: () => {
      now = { ...now, running: true, starts: now.starts + 1, startedAt: new Date() };
      return Promise.resolve();
    },
    stop: () => {
      now.running = false;
      return Promise.resolve();
    },
    get starts() {
      return now.starts;
    },
    get turns() {
      return now.turns;
    },
    set turns(turns) {
      now.turns = turns;
    },
    reset: () => {
      now = fresh();
    },
  };
}

/** Containers started and stopped. */
import type { Seen } from "./container";
import { Refusal, type World } from "./world";

/** Starts, stops or restarts a container for real. */
export async function act(
  world: World,
  seen: Seen,
  verb: "start" | "stop" | "restart",
): Promise<void> {
  const fails = verb !== "stop" && world.policies.restart === "fails";
  if (verb !== "start") await seen.container.stop();
  if (fails) {
    throw new Refusal(
      `Error response from daemon: Cannot restart container ${seen.name}: driver failed programming external connectivity on endpoint ${seen.name}: Bind for 0.0.0.0:${seen.container.port} failed: port is already allocated`,
    );
  }
  if (verb !== "stop") await seen.container.start();
}

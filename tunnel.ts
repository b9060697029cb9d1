import { createHash } from "node:crypto";
import type { Duplex } from "node:stream";

import type { DatabaseConfig } from "./config";
import { refusalPacket } from "./immich/databaseErrors";
import { listen } from "./ssh/tunnel";

/**
 * Opens the loopback port through which `@pulumi/postgresql`, which knows no SSH, reaches Immich's
 * Postgres. SSH is dialled when somebody connects, and one SSH connection carries all of them.
 *
 * @param preview in a preview nothing connects unless it refreshes too, so a port that is taken is
 *   no reason to fail.
 * @returns the port, the same in every run of a stack, as it is part of the Postgres provider's state.
 * @throws Error that says what to do where the port is taken.
 */
export async function openTunnel(
  database: DatabaseConfig,
  stack: string,
  preview: boolean,
): Promise<number> {
  const port = database.tunnelPort || stackPort(stack);
  if (database.login === "existing") return port; // nothing but the postgresql provider needs it
  try {
    await listen({
      port,
      open: () => dial(database),
      refusal: refusalPacket, // else the provider would only say that the connection was closed
    });
  } catch (error) {
    if (!preview) throw error;
  }
  return port;
}

/** A port from 20000 to 29999 that is the same for a stack in every run. */
function stackPort(stack: string): number {
  return 20000 + (createHash("sha256").update(stack).digest().readUInt32BE() % 10000);
}

/**
 * Logs in to the host of the containers, over the connection that the tunnel uses too.
 * @throws SshError that says what is in the way and what to do
 */
export async function reachHost(database: DatabaseConfig): Promise<void> {
  await ssh(database);
}

function ssh({ ssh: target }: DatabaseConfig) {
  // Loaded when somebody connects: a preview need not spend its start-up on SSH.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { shared } = require("./ssh/shared") as typeof import("./ssh/shared");
  return shared(target);
}

/** Connects to Postgres in its container, over SSH. */
async function dial(database: DatabaseConfig): Promise<Duplex> {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { openContainerPort } = require("./ssh/container") as typeof import("./ssh/container");
  return openContainerPort(await ssh(database), {
    runtime: database.runtime,
    container: database.container,
    port: database.port,
  });
}

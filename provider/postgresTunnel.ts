/**
 * `immich:index:PostgresTunnel`: where Immich's PostgreSQL is found from here. The tunnel itself lives as long as the
 * provider's process does: it listens when the provider has been configured, in whatever order the engine asks for what goes
 * through it, and dials SSH when somebody connects.
 */
import type { Difference, Resource } from "../plugin/provider";
import type { Values } from "../plugin/wire";
import type { Configuration } from "./configuration";
import { tunnelEnd } from "./tunnel/tunnel";

/** Makes the resource. */
export function postgresTunnel(configured: () => Configuration): Resource {
  const port = (): number => {
    const configuration = configured();
    const database = configuration.api ? configuration.former : configuration;
    if (!database)
      throw new Error("A tunnel to PostgreSQL takes the way over SSH: settingsThrough: database.");
    return database.tunnelPort;
  };
  const end = (): Values => ({ ...tunnelEnd(port()) });
  return {
    secrets: [],
    notImported: "it lasts as long as a run of Pulumi. Declare it: `pulumi up` makes it.",
    check: () => ({ inputs: {}, failures: [] }),
    diff({ state }) {
      const changes: Difference["changes"] = state["port"] === port() ? {} : { port: "update" };
      return { changes };
    },
    previewCreate: end,
    async create() {
      return { id: "tunnel", state: end() };
    },
    async read({ id, oldInputs, state }) {
      return { id, inputs: oldInputs, state };
    },
    previewUpdate: end,
    async update() {
      return end();
    },
    async delete() {},
  };
}

/** What all parts of the replay stand on: a PostgreSQL, the providers, the recorded exchanges. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, type Postgres, startPostgres } from "../../../../sandbox/postgres";
import { Comparison } from "../comparison";
import { type Exchanges, fill, type Flow, loadExchanges } from "../exchanges";
import { Normaliser } from "../normalise";
import { startOddProviders } from "../oddProvider";
import { startProcess } from "../server";

/** Where a browser comes back to, in the recordings. */
export const WEB = "http://127.0.0.1:2283/auth/login";
/** The first admin of the recordings. */
export const ADMIN = { email: "admin@example.test", password: "password", name: "Admin" };

/** A prepared stage. */
export interface Stage {
  readonly recorded: Exchanges;
  readonly comparison: Comparison;
  readonly normal: Normaliser;
  readonly folder: string;
  readonly postgres: Postgres;
  /** Real origins by name: {oidc}, {odd}, {closed}. */
  readonly origins: Readonly<Record<string, string>>;
  /** The usual `oauth` of a row. */
  readonly base: Exchanges["base"];
  /** The next person to log in at the strict provider. */
  nextUser(user: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts everything; about two seconds. */
export async function prepare(comparison: Comparison): Promise<Stage> {
  const recorded = loadExchanges();
  const folder = mkdtempSync(join(tmpdir(), "immich-replay-"));
  const [postgres, oidc, odd] = await Promise.all([
    startPostgres({ folder, immichVersion: null }),
    startProcess("tests/sandbox/immich/strictProvider.ts", {}),
    startOddProviders(),
  ]);
  const origins = {
    oidc: `http://127.0.0.1:${oidc.port}`,
    odd: odd.url,
    closed: `http://127.0.0.1:${await freePort()}`,
  };
  return {
    recorded,
    comparison,
    folder,
    postgres,
    origins,
    normal: new Normaliser(origins),
    base: fill(recorded.base, origins),
    async nextUser(user) {
      await fetch(`${origins.oidc}/next/${user}`);
    },
    async close() {
      await Promise.all([oidc.stop(), odd.close(), postgres.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A recorded login by name. */
export function flowNamed({ recorded }: Stage, name: string): Flow {
  const flow = recorded.flows.find((one) => one.name === name);
  if (flow === undefined) throw new Error(`no login ${name} was recorded`);
  return flow;
}

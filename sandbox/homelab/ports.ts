/** Which ports a sandbox listens on. */
import { freePorts, isFree, reservedWith } from "../freePort";
import { DEFAULT_PORTS, type Ports } from "./constants";

const TITLES: Record<keyof Ports, string> = {
  authentik: "Authentik",
  immich: "Immich",
  ssh: "SSH",
  postgres: "PostgreSQL",
  tunnel: "the tunnel",
};

/**
 * Reads the value of `--port-base`; undefined where there is none.
 *
 * @throws Error that says what is allowed.
 */
export function readPortBase(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const base = Number(given);
  const highest = 65_536 - Object.keys(DEFAULT_PORTS).length;
  if (/^\d+$/.test(given) && (base === 0 || (base >= 1024 && base <= highest))) return base;
  throw new Error(`--port-base is 0, or a number from 1024 to ${highest}, not ${given}`);
}

/**
 * The ports for `--port-base`: the usual ones without, free ones for 0, else five in a row.
 *
 * @throws Error that names each port that is taken, and the way out.
 */
export async function choosePorts(base: number | undefined): Promise<Ports> {
  if (base === 0) {
    const [authentik = 0, immich = 0, ssh = 0, postgres = 0] = await freePorts(4);
    // The sandbox does not listen there, and the program only while it deploys.
    return { authentik, immich, ssh, postgres, tunnel: reservedWith(ssh) };
  }
  const ports =
    base === undefined
      ? DEFAULT_PORTS
      : {
          authentik: base,
          immich: base + 1,
          ssh: base + 2,
          postgres: base + 3,
          tunnel: base + 4,
        };
  const parts = Object.keys(ports) as (keyof Ports)[];
  const free = await Promise.all(parts.map((part) => isFree(ports[part])));
  const taken = parts.filter((_part, index) => !free[index]);
  if (taken.length > 0) {
    const list = taken.map((part) => `${ports[part]} (for ${TITLES[part]})`).join(", ");
    throw new Error(
      `Something listens already on 127.0.0.1, port ${list}. Is another sandbox running? Stop it, or take other ports: --port-base 0`,
    );
  }
  return ports;
}

/**
 * Ports that stay free until somebody opens them on purpose. The kernel gives outgoing connections
 * ports of its ephemeral range: one from there could be gone before the first `pulumi up` opens it.
 */
import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";

const HOST = "127.0.0.1";
/** Below are ports of well-known services, and those of a sandbox with `--port-base`. */
const LOWEST = 10_000;
const HIGHEST = 65_535;
const LINUX_RANGE = "/proc/sys/net/ipv4/ip_local_port_range";

/** First and last port that the kernel takes for outgoing connections; Linux's default elsewhere. */
export function ephemeralRange(): readonly [number, number] {
  try {
    const [first = NaN, last = NaN] = readFileSync(LINUX_RANGE, "utf8").trim().split(/\s+/);
    return [Number(first), Number(last)];
  } catch {
    return [32_768, 60_999];
  }
}

/**
 * The port that belongs to whoever listens on `port`, one of {@link freePorts}: nobody else is given it. So it stays free
 * for a program that opens it later, as long as `port` is listened on, and no longer, however that ends.
 */
export const reservedWith = (port: number): number => port + 1;

/**
 * `count` different TCP ports of 127.0.0.1 that nobody listens on, outside of the ephemeral range, each with the port
 * {@link reservedWith} it free too. They are even, and those odd. The search starts anywhere, so that two at once don't
 * find the same.
 *
 * @param range what to stay out of. Where it leaves nothing, its ports are taken.
 * @throws Error when so many are not free.
 */
export async function freePorts(count: number, range = ephemeralRange()): Promise<number[]> {
  const all = Array.from({ length: (HIGHEST - LOWEST + 1) / 2 }, (_, index) => LOWEST + 2 * index);
  const outside = all.filter((port) => reservedWith(port) < range[0] || port > range[1]);
  const candidates = outside.length < count ? all : outside;
  const start = randomInt(candidates.length);
  const found: number[] = [];
  for (const port of [...candidates.slice(start), ...candidates.slice(0, start)]) {
    if (found.length === count) break;
    if ((await isFree(port)) && (await isFree(reservedWith(port)))) found.push(port);
  }
  if (found.length < count) throw new Error(`Fewer than ${count} ports of ${HOST} are free.`);
  return found;
}

/** One of `freePorts`. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

/** Whether nobody listens on a port of 127.0.0.1. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once("error", () => done(false));
    server.listen(port, HOST, () => server.close(() => done(true)));
  });
}

import type { SshChannel } from "./channel";
import type { SshConnection } from "./openConnection";
import { SshError, said } from "./errors";
import { type Address, addressesIn, inspect } from "./inspect";
import { quote } from "./quote";
import { addressOf } from "./target";

/** A port of a container, as the container itself counts ports. */
export interface ContainerPort {
  /** `docker`, `podman`, or one of them behind `sudo -n`. */
  readonly runtime: string;
  /** Name or id. */
  readonly container: string;
  readonly port: number;
}

/**
 * Every address at which a container's port may be reached from the SSH server, most likely first: on each of its
 * networks, on loopback when it shares the host's network, and where the port is published.
 *
 * @throws SshError (`container`): no such container, stopped, not allowed to ask, no docker, no address
 */
export async function containerAddresses(
  ssh: SshConnection,
  wanted: ContainerPort,
): Promise<Address[]> {
  return addressesOf(ssh, wanted, wanted.container, 0);
}

/**
 * Connects to a container's port: each of its addresses is tried, half a second apart, and the first that answers wins.
 *
 * @throws SshError as `containerAddresses` and `SshConnection.channel` do
 */
export async function openContainerPort(
  ssh: SshConnection,
  wanted: ContainerPort,
): Promise<SshChannel> {
  const addresses = await remembered(ssh, wanted);
  const errors = new Map<Address, unknown>();
  let won = false;
  const attempts = addresses.map(async (address, index) => {
    await patience(index * 500, () => errors.size >= index);
    if (won) throw new Error("another address answered");
    try {
      const channel = await ssh.channel(address.host, address.port);
      if (won) {
        channel.destroy();
        throw new Error("another address answered");
      }
      won = true;
      return channel;
    } catch (error) {
      errors.set(address, error);
      throw error;
    }
  });
  try {
    return await Promise.any(attempts);
  } catch {
    forgotten(ssh, wanted);
    throw await unreachable(ssh, wanted, addresses, errors);
  }
}

async function addressesOf(
  ssh: SshConnection,
  wanted: ContainerPort,
  container: string,
  depth: number,
): Promise<Address[]> {
  const [state, mode, settings] = await inspect(ssh, wanted.runtime, container);
  const status = state?.Status ?? (state?.Running ? "running" : "stopped");
  if (status !== "running") {
    throw new SshError(
      "container",
      `On ${ssh.name}: the container ${said(container)} is not running (it is ${said(status)})`,
      `${status === "paused" ? `${wanted.runtime} unpause` : `${wanted.runtime} start`} ${quote(container)}` +
        `   (and why did it stop? ${wanted.runtime} logs --tail 50 ${quote(container)})`,
    );
  }
  if (mode?.startsWith("container:") && depth < 3) {
    return addressesOf(ssh, wanted, mode.slice("container:".length), depth + 1);
  }
  const addresses = addressesIn(mode ?? "", settings, wanted.port);
  if (addresses.length === 0) {
    throw new SshError(
      "container",
      `On ${ssh.name}: the container ${said(container)} has no address that the machine itself could reach ` +
        `(network mode ${said(mode || "unknown")}${rootless(ssh, wanted) ? "; a rootless podman gives none" : ""})`,
      publish(ssh, wanted),
    );
  }
  return addresses;
}

/** The addresses found over a connection; a dozen channels need not ask a dozen times. */
const known = new WeakMap<
  SshConnection,
  Map<string, { at: number; addresses: Promise<Address[]> }>
>();
const knownForMs = 20_000;

const keyOf = (wanted: ContainerPort) =>
  JSON.stringify([wanted.runtime, wanted.container, wanted.port]);

function remembered(ssh: SshConnection, wanted: ContainerPort): Promise<Address[]> {
  const cache = known.get(ssh) ?? new Map();
  known.set(ssh, cache);
  const entry = cache.get(keyOf(wanted));
  if (entry && Date.now() - entry.at < knownForMs) return entry.addresses;
  const addresses = containerAddresses(ssh, wanted);
  cache.set(keyOf(wanted), { at: Date.now(), addresses });
  addresses.catch(() => forgotten(ssh, wanted));
  return addresses;
}

function forgotten(ssh: SshConnection, wanted: ContainerPort): void {
  known.get(ssh)?.delete(keyOf(wanted));
}

/** Waits, but not longer than `over` says. */
async function patience(ms: number, over: () => boolean): Promise<void> {
  for (const end = Date.now() + ms; Date.now() < end && !over();) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Whether the containers are a user's own, so that their networks are out of the host's reach. */
function rootless(ssh: SshConnection, { runtime }: ContainerPort): boolean {
  return runtime === "podman" && !ssh.name.startsWith("root@");
}

/** How a port is made reachable that is not. */
function publish(ssh: SshConnection, wanted: ContainerPort): string {
  return (
    `publish its port on loopback, in the compose file: ports: ["127.0.0.1:${wanted.port}:${wanted.port}"]` +
    (rootless(ssh, wanted)
      ? `; or run it rootful and set: npx pulumi config set containerRuntime "sudo -n podman"`
      : "")
  );
}

async function unreachable(
  ssh: SshConnection,
  wanted: ContainerPort,
  addresses: readonly Address[],
  errors: ReadonlyMap<Address, unknown>,
): Promise<unknown> {
  const kinds = [...errors.values()].map((e) => (e instanceof SshError ? e.kind : undefined));
  const telling = [...errors.values()].find(
    (e) => e instanceof SshError && e.kind !== "channel" && e.kind !== "timeout",
  );
  if (telling) return telling;
  const tries = addresses
    .map((address) => {
      const error = errors.get(address);
      const why = error instanceof SshError ? error.reason : undefined;
      return `${addressOf(address.host, address.port)} (${why ?? "no answer in time"})`;
    })
    .join(", ");
  const outside = await apartFromHost(ssh, wanted, addresses);
  return new SshError(
    kinds.includes("timeout") ? "timeout" : "channel",
    `On ${ssh.name}: the container ${said(wanted.container)} runs, but port ${wanted.port} does not answer: ${tries}`,
    outside ??
      `is it still starting, and is the port right (npx pulumi config set postgresPort 5432)? ` +
        `See: ${wanted.runtime} logs --tail 50 ${quote(wanted.container)}`,
  );
}

/** What to do about a container on networks that its own host can't reach; undefined for others. */
async function apartFromHost(
  ssh: SshConnection,
  wanted: ContainerPort,
  addresses: readonly Address[],
): Promise<string | undefined> {
  if (rootless(ssh, wanted) && !addresses.some(({ host }) => host === "127.0.0.1")) {
    return `the networks of a rootless podman are out of the machine's own reach; ${publish(ssh, wanted)}`;
  }
  const answer = await inspect(ssh, wanted.runtime, wanted.container)
    .then(([, , settings]) =>
      Object.keys(settings?.Networks ?? {})
        .map(quote)
        .join(" "),
    )
    .then((names) =>
      ssh.exec(`${wanted.runtime} network inspect --format '{{.Driver}} {{.Name}}' ${names}`),
    )
    .catch(() => undefined);
  const apart = /^(macvlan|ipvlan) (\S+)$/m.exec(answer?.stdout ?? "");
  if (!apart) return undefined;
  return (
    `it is on the ${apart[1]} network ${apart[2]}, which the machine itself can't reach; give it a second network, ` +
    `in the compose file: networks: [${apart[2]}, default]`
  );
}

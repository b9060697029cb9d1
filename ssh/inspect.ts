import { isIP } from "node:net";

import type { SshConnection } from "./openConnection";
import { runtimeError } from "./containerErrors";
import { SshError, said } from "./errors";
import { quote } from "./quote";

/** Where that port answers, as seen from the SSH server. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** The parts of `docker inspect` (podman's too) that lead to an address. No environment: it holds passwords. */
export type Inspected = [
  state: { Status?: string; Running?: boolean } | null,
  networkMode: string | null,
  settings: {
    IPAddress?: string;
    GlobalIPv6Address?: string;
    Networks?: Record<string, { IPAddress?: string; GlobalIPv6Address?: string } | null> | null;
    Ports?: Record<string, { HostIp?: string; HostPort?: string }[] | null> | null;
  } | null,
];

const format = "[{{json .State}},{{json .HostConfig.NetworkMode}},{{json .NetworkSettings}}]";

/** The command that asks for a container's addresses. */
export function inspectCommand(runtime: string, container: string): string {
  return `${runtime} inspect --type container --format ${quote(format)} ${quote(container)}`;
}

/** Reads the addresses out of an inspection; pure. */
export function addressesIn(mode: string, settings: Inspected[2], port: number): Address[] {
  const found: Address[] = [];
  const add = (host: string | undefined, at: number) => {
    if (host && isIP(host) && !found.some((one) => one.host === host && one.port === at)) {
      found.push({ host, port: at });
    }
  };
  if (mode === "host") add("127.0.0.1", port);
  const networks = Object.values(settings?.Networks ?? {});
  for (const network of networks) add(network?.IPAddress, port);
  add(settings?.IPAddress, port);
  for (const published of settings?.Ports?.[`${port}/tcp`] ?? []) {
    const everywhere =
      !published.HostIp || published.HostIp === "0.0.0.0" || published.HostIp === "::";
    if (Number(published.HostPort) > 0) {
      add(everywhere ? "127.0.0.1" : published.HostIp, Number(published.HostPort));
    }
  }
  for (const network of networks) add(network?.GlobalIPv6Address, port);
  return found;
}

/**
 * Asks for a container's addresses.
 *
 * @throws SshError (`container`)
 */
export async function inspect(
  ssh: SshConnection,
  runtime: string,
  container: string,
): Promise<Inspected> {
  const answer = await ssh.exec(inspectCommand(runtime, container));
  if (answer.code !== 0) {
    const command = `${runtime} inspect ${quote(container)}`;
    throw await runtimeError(ssh, runtime, answer, { command, container });
  }
  try {
    const parsed: unknown = JSON.parse(answer.stdout);
    if (Array.isArray(parsed) && parsed.length === 3) return parsed as Inspected;
  } catch {
    // told below
  }
  throw new SshError(
    "container",
    `On ${ssh.name}: ${runtime} inspect ${said(container)} answered no JSON: ${said(answer.stdout.slice(0, 200))}`,
    `run that by hand there; is ${runtime} what it should be?`,
  );
}

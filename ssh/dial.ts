import { Socket, connect } from "node:net";

import { SshError, said } from "./errors";
import { Role, SshHost, addressOf, configKey, nameOf } from "./target";

/**
 * Opens the TCP connection to an SSH server.
 *
 * @throws SshError (`dial`, `timeout` or `lost`): no such name, refused, no route, no answer in time
 */
export function dial(host: SshHost, role: Role, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: host.host, port: host.port });
    const timer = setTimeout(() => {
      socket.destroy();
      reject(unreachable(host, role, "ETIMEDOUT", `no answer in ${timeoutMs / 1000} s`));
    }, timeoutMs);
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.removeAllListeners("error");
      socket.setNoDelay(true);
      resolve(socket);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(unreachable(host, role, error.code ?? "", said(error.message)));
    });
  });
}

function unreachable(host: SshHost, role: Role, code: string, message: string): SshError {
  const address = addressOf(host.host, host.port);
  const hostKey = configKey(role, "Host");
  const portKey = configKey(role, "Port");
  const say = (kind: "dial" | "timeout" | "lost", what: string, next: string) =>
    new SshError(kind, `SSH to ${nameOf(host)}: ${what}`, next);
  switch (code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return say(
        "dial",
        `the name ${said(host.host)} cannot be resolved (${code})`,
        `check ${hostKey} (npx pulumi config set ${hostKey} NAME-OR-ADDRESS) and this machine's DNS`,
      );
    case "ECONNREFUSED":
      return say(
        "dial",
        `${address} refused the connection: nothing listens there`,
        `is sshd running (systemctl status ssh), and is ${portKey} right (npx pulumi config set ${portKey} 22)?`,
      );
    case "ETIMEDOUT":
      return say(
        "timeout",
        `${address} could not be reached: ${message}`,
        `is the machine on, and does a firewall drop the port? Check ${hostKey} and ${portKey}`,
      );
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return say(
        "dial",
        `there is no route to ${address} (${code})`,
        `are you on the same network or VPN? Check ${hostKey}; a jump host goes into sshJumpHost`,
      );
    case "ECONNRESET":
      return say(
        "lost",
        `${address} closed the connection without a greeting (${code})`,
        `it may be too busy (MaxStartups) or have banned this address (fail2ban); try again, then look at its log`,
      );
    default:
      return say(
        "dial",
        `no connection to ${address}: ${message}`,
        `check ${hostKey} and ${portKey}`,
      );
  }
}

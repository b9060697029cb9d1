import { Duplex } from "node:stream";

import { AuthHandlerMiddleware, Client } from "ssh2";

import { Credential } from "./credentials";
import { SshError, said } from "./errors";
import { HostKeyPin, hostKeyAlgorithms, wrongHostKey } from "./hostKey";
import { Role, SshHost, SshTimeouts, configKey, nameOf } from "./target";

/**
 * Speaks SSH over an open connection until logged in. The host key is compared before the login is begun.
 *
 * @throws SshError (`host-key`, `handshake`, `auth`, `agent`, `timeout`, `lost`); `socket` is closed then
 */
export function login(
  socket: Duplex & { readonly bytesRead: number },
  host: SshHost,
  role: Role,
  pins: readonly HostKeyPin[],
  credential: Credential,
  timeouts: SshTimeouts,
): Promise<Client> {
  return new Promise((resolve, reject) => {
    const client = new Client();
    const tried: Tried = { methods: [], partial: false, allowed: undefined, agent: undefined };
    let seen: Buffer | undefined;
    let trusted = false;
    let authenticating = false;
    let settled = false;

    const settle = (error?: SshError) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      if (!error) return resolve(client);
      client.on("error", () => undefined); // what follows a failure tells nothing new
      socket.destroy();
      reject(error);
    };
    const outOfTime = () => {
      const [what, next] = authenticating
        ? [
            `no answer to the login in ${timeouts.authMs / 1000} s (tried: ${credential.names.join(", ")})`,
            `look at the server's log (journalctl -u ssh); slow DNS or PAM there is the usual cause`,
          ]
        : socket.bytesRead === 0
          ? [
              `connected, but no SSH greeting came in ${timeouts.handshakeMs / 1000} s`,
              `is that an SSH server? Check ${configKey(role, "Port")}, and the server's load`,
            ]
          : [
              `the key exchange did not finish in ${timeouts.handshakeMs / 1000} s`,
              `look at the server's log (journalctl -u ssh) and its load`,
            ];
      settle(new SshError("timeout", `SSH to ${nameOf(host)}: ${what}`, next));
    };
    let timer = setTimeout(outOfTime, timeouts.handshakeMs);

    client.once("handshake", () => {
      clearTimeout(timer);
      authenticating = true;
      timer = setTimeout(outOfTime, timeouts.authMs);
    });
    client.once("ready", () => settle());
    client.on("error", (error: Error & { level?: string }) => {
      if (settled) return;
      if (error.level === "agent")
        tried.agent = error.message; // ssh2 goes on to the next key or method
      else if (seen && !trusted) settle(wrongHostKey(host, role, pins, seen));
      else if (error.level === "client-authentication") settle(refused(host, credential, tried));
      else settle(broken(host, role, credential, authenticating, socket.bytesRead > 0, error));
    });
    client.once("close", () =>
      settle(broken(host, role, credential, authenticating, socket.bytesRead > 0)),
    );

    client.connect({
      sock: socket,
      username: host.user,
      readyTimeout: 0,
      keepaliveInterval: 0,
      algorithms: { serverHostKey: hostKeyAlgorithms(pins) },
      hostVerifier: (key: Buffer) => {
        seen = key;
        trusted = pins.some((pin) => pin.blob.equals(key));
        return trusted;
      },
      authHandler: oneMethod(host, credential, tried),
    });
  });
}

/** What the login came to, for the message. */
interface Tried {
  readonly methods: string[];
  /** The key was taken, and the server wants something more. */
  partial: boolean;
  /** What the server would take. */
  allowed: readonly string[] | undefined;
  /** The agent's own trouble. */
  agent: string | undefined;
}

/** Offers the one credential, once; remembers what the server said to it. */
function oneMethod(host: SshHost, credential: Credential, tried: Tried): AuthHandlerMiddleware {
  return (allowed: readonly string[] | null, partial: boolean | null, next) => {
    if (allowed) tried.allowed = allowed;
    if (partial) tried.partial = true;
    if (tried.methods.length > 0) return stop(next);
    tried.methods.push(credential.kind);
    if (credential.kind === "key") {
      next({ type: "publickey", username: host.user, key: credential.key });
    } else {
      next({ type: "agent", username: host.user, agent: credential.agent });
    }
  };
}

/** `false` ends the attempts; the published types leave it out. */
function stop(next: (method: never) => void): void {
  next(false as never);
}

function refused(host: SshHost, credential: Credential, tried: Tried): SshError {
  const offered = `${credential.kind === "key" ? "the key of sshPrivateKey" : "the SSH agent's keys"}: ${credential.names.join(", ")}`;
  const allowed = tried.allowed ? `; it would take: ${said(tried.allowed.join(", "))}` : "";
  if (tried.agent !== undefined) {
    return new SshError(
      "agent",
      `SSH to ${nameOf(host)}: the SSH agent did not sign (${said(tried.agent)}); it holds ${credential.names.join(", ")}`,
      `is the agent locked (ssh-add -X), or does a key want a touch or a confirmation?`,
    );
  }
  if (tried.partial) {
    return new SshError(
      "auth",
      `SSH to ${nameOf(host)}: the server took ${offered}, and wants more than a key${allowed}`,
      `let this user in with a key alone (sshd_config: Match User ${said(host.user)} / AuthenticationMethods publickey)`,
    );
  }
  return new SshError(
    "auth",
    `SSH to ${nameOf(host)}: the server refused the login. Tried ${offered}${allowed}`,
    `is the user right (npx pulumi config set sshUser NAME), and is the public key in ` +
      `~${said(host.user)}/.ssh/authorized_keys there (ssh-copy-id)?`,
  );
}

/** The connection ended or made no sense before the login was done. */
function broken(
  host: SshHost,
  role: Role,
  credential: Credential,
  authenticating: boolean,
  heard: boolean,
  error?: Error & { level?: string; code?: unknown },
): SshError {
  const words = error ? `: ${said(error.message)}` : "";
  const what = `SSH to ${nameOf(host)}`;
  if (authenticating) {
    const many = /too many authentication/i.test(error?.message ?? "");
    return new SshError(
      many ? "auth" : "lost",
      `${what}: the server ended the connection during the login${words}. Tried: ${credential.names.join(", ")}`,
      many
        ? `the agent holds more keys than the server lets one try; put the right one into sshPrivateKey`
        : `try again; if it stays so, look at the server's log (journalctl -u ssh)`,
    );
  }
  if (!heard || /before handshake/.test(error?.message ?? "")) {
    return new SshError(
      "lost",
      `${what}: the server closed the connection without a greeting`,
      `it may be too busy (MaxStartups) or have banned this address (fail2ban), or be no SSH server at all ` +
        `(check ${configKey(role, "Port")}); try again, then look at its log`,
    );
  }
  if (error?.level === "handshake" || error?.level === "protocol") {
    return new SshError(
      "handshake",
      `${what}: no common ground with that server${words}`,
      `is that an SSH server? Check ${configKey(role, "Port")}; a very old sshd needs an update`,
    );
  }
  return new SshError(
    "lost",
    `${what}: the connection ended during the key exchange${words}`,
    `try again; if it stays so, look at the server's log (journalctl -u ssh)`,
  );
}

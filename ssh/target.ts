/** One SSH server, and who logs in to it. */
export interface SshHost {
  /** Name or address. */
  readonly host: string;
  /** TCP port; 22 unless the server was told otherwise. */
  readonly port: number;
  /** Login name on that server. */
  readonly user: string;
  /**
   * The server's public host key or keys, one a line: `ssh-ed25519 AAAA… [comment]` or a line of known_hosts. Required:
   * a connection without it is refused before anything is dialled.
   */
  readonly hostKey: string;
  /** Private key in OpenSSH or PEM form. Unset: the SSH agent. */
  readonly privateKey?: string;
  /** Passphrase of `privateKey`, when that is encrypted. */
  readonly passphrase?: string;
  /** Socket of the SSH agent. Default: `SSH_AUTH_SOCK` of the environment. */
  readonly agentSocket?: string;
}

/** Where SSH goes, straight or by way of one jump host. */
export interface SshTarget extends SshHost {
  /** A server in between. It gets a TCP connection to forward and never sees the target's login. */
  readonly jump?: SshHost;
}

/** How long each step may take, in milliseconds. */
export interface SshTimeouts {
  /** Name look-up and TCP connection. */
  readonly dialMs: number;
  /** From the connection to verified keys: greeting and key exchange. */
  readonly handshakeMs: number;
  /** Logging in; an answer of the SSH agent too. */
  readonly authMs: number;
  /** Opening a channel, for a command or for a TCP connection. */
  readonly channelMs: number;
  /** A command, from its start to its end. */
  readonly execMs: number;
  /** A sign of life is asked for this often. */
  readonly keepAliveMs: number;
  /** Signs of life that may stay unanswered before the connection counts as dead. */
  readonly keepAliveMax: number;
}

/** Generous for a slow link; a dead server is noticed within half a minute. */
export const defaultTimeouts: SshTimeouts = {
  dialMs: 10_000,
  handshakeMs: 15_000,
  authMs: 20_000,
  channelMs: 10_000,
  execMs: 60_000,
  keepAliveMs: 10_000,
  keepAliveMax: 2,
};

/** A host as this project sees it: the server itself, or the one on the way to it. */
export type Role = "target" | "jump";

/** The stack config key that holds `field` for this role, as error texts name it. */
export function configKey(role: Role, field: "Host" | "Port" | "User" | "HostKey"): string {
  return role === "jump" ? `sshJump${field}` : `ssh${field}`;
}

/** `user@host:port`, how every message names a server. */
export function nameOf(host: SshHost): string {
  return `${host.user}@${addressOf(host.host, host.port)}`;
}

/** `host:port`, with brackets around an IPv6 address. */
export function addressOf(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

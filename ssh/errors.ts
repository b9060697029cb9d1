/** What went wrong, for code that has to decide; people read the message. */
export type SshErrorKind =
  | "config" // the target's own description is unusable: no pin, bad pin, unreadable key
  | "dial" // no TCP connection
  | "host-key" // somebody answered who does not hold the pinned key
  | "handshake" // the server speaks no SSH, or none that we share
  | "agent" // no agent, or none that answers
  | "auth" // the server refused the login
  | "forwarding" // the server forwards no TCP
  | "channel" // it does, but this connection could not be made
  | "exec" // a command could not be run or took too long
  | "container" // docker or podman said no
  | "timeout" // no answer in time
  | "lost"; // the connection ended under us

/**
 * An SSH failure as a person should read it: what was being done, to which `user@host:port`, what came back and what to
 * do next. Never holds a key, a passphrase or a command's input.
 */
export class SshError extends Error {
  /**
   * @param kind what went wrong
   * @param message the whole text for the user
   */
  constructor(
    readonly kind: SshErrorKind,
    message: string,
  ) {
    super(message);
    this.name = "SshError";
  }
}

/** Makes a server's words fit for a message: printable, one line, at most 300 characters. */
export function said(text: string): string {
  const line = Array.from(text, (c) => (c < " " || c === "\u007f" ? " " : c))
    .join("")
    .replace(/\s+/g, " ")
    .trim();
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}

/** Text of anything thrown. */
export function textOf(error: unknown): string {
  return said(error instanceof Error ? error.message : String(error));
}

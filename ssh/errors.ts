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

/** A failure as a person should read it, in its two parts; the message is both. */
export class AdvisedError extends Error {
  /** What to do now; undefined where `what` says all there is to say. */
  readonly next: string | undefined;

  /**
   * @param what what was being done, where, and what came back
   * @param next what to do now: one sentence that follows "next:", or lines that stand for themselves
   */
  constructor(
    readonly what: string,
    next?: string | readonly string[],
  ) {
    super(
      next === undefined
        ? what
        : typeof next === "string"
          ? `${what}.\n  next: ${next}`
          : [what, ...next].join("\n"),
    );
    this.next = next === undefined || typeof next === "string" ? next : next.join("\n");
  }
}

/**
 * An SSH failure: what was being done, to which `user@host:port`, what came back and what to do next. Never holds a key, a
 * passphrase or a command's input.
 */
export class SshError extends AdvisedError {
  /**
   * @param kind what went wrong
   * @param what see {@link AdvisedError}
   * @param next see {@link AdvisedError}
   * @param reason what the other side gave as its reason, where it gave one
   */
  constructor(
    readonly kind: SshErrorKind,
    what: string,
    next?: string | readonly string[],
    readonly reason?: string,
  ) {
    super(what, next);
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

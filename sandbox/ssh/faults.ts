/** What the sandbox's SSH server can be told to do wrong, for tests. */

/**
 * Where a connection is stalled or cut:
 * - `dial`: accepted, and not a byte is sent
 * - `banner`: in the middle of the server's first line
 * - `kex`: after the first line, before the server's part of the key exchange
 * - `auth`: when a public key is offered
 * - `channel`: when a channel is asked for
 * - `exec`: when a command is asked for, before it runs
 * - `exec-done`: the command has run, its exit code isn't sent
 * - `forward`: a message of the client on a forwarded channel isn't delivered
 * - `forward-answer`: the message is delivered, and the answer to it is withheld
 * - `bytes`: after `bytes` bytes were sent to the client
 */
export type SshStep =
  | "dial"
  | "banner"
  | "kex"
  | "auth"
  | "channel"
  | "exec"
  | "exec-done"
  | "forward"
  | "forward-answer"
  | "bytes";

/** One thing to do wrong. */
export interface SshFault {
  readonly at: SshStep;
  /** `stall` keeps the connection and says nothing more; `drop` cuts it (TCP reset). */
  readonly kind: "stall" | "drop";
  /** How many times. Default: each time. */
  readonly times?: number;
  /** `forward…`: only messages that hold this text, `COMMIT` for one. `exec…`: only such commands. */
  readonly text?: string;
  /** `forward…`: only on a channel on which a message with this text has passed before. */
  readonly after?: string;
  /** `forward…`: the how-manieth matching message of a channel, from 1. Default 1. */
  readonly exchange?: number;
  /** `bytes`: how many pass. Default 0. */
  readonly bytes?: number;
}

/** How the server behaves; changed at run time by `setPolicies`. */
export interface SshPolicies {
  /** OpenSSH's `AllowTcpForwarding`. Default true. */
  readonly tcpForwarding: boolean;
  /** False refuses every key. Default true. */
  readonly acceptKeys: boolean;
  /** False: the user isn't in the group `docker`, and `docker` says so. Default true. */
  /** What to do wrong. Default nothing. */
  readonly fault: SshFault | null;
}

/** A server that does everything right. */
export const wellBehaved: SshPolicies = {
  tcpForwarding: true,
  acceptKeys: true,
  fault: null,
};

/** The fault that is set, and how many times it has struck. */
export class FaultState {
  private fault: SshFault | null = null;
  private struck = 0;
  private waiting: (() => void)[] = [];

  /** Sets a fault, or none, and starts counting anew. */
  set(fault: SshFault | null): void {
    this.fault = fault;
    this.struck = 0;
  }

  /** How many times the fault has struck since it was set. */
  get count(): number {
    return this.struck;
  }

  /** Resolves when the fault has struck at least once since it was set. */
  async struckOnce(): Promise<void> {
    if (this.struck > 0) return;
    await new Promise<void>((done) => this.waiting.push(done));
  }

  /** The fault for this step if there is one that hasn't used up its `times`; doesn't count it. */
  peek(at: SshStep): SshFault | undefined {
    if (this.fault?.at !== at) return undefined;
    if (this.fault.times !== undefined && this.struck >= this.fault.times) return undefined;
    return this.fault;
  }

  /** The fault for this step, counted as having struck. `text` is what a text fault is compared with. */
  strike(at: SshStep, text = ""): SshFault | undefined {
    const fault = this.peek(at);
    if (fault === undefined) return undefined;
    if (fault.text !== undefined && !text.includes(fault.text)) return undefined;
    this.struck += 1;
    this.waiting.splice(0).forEach((done) => done());
    return fault;
  }
}

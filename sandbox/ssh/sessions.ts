/** The sessions of an SSH server: each runs one command. */
import type { ChildProcess } from "node:child_process";
import type { ServerChannel, Session } from "ssh2";
import type { FaultState } from "./faults";
import type { Gate } from "./gate";
import { run, type ShellOptions, signal } from "./shell";

/** Runs commands for clients, and knows those that still run. */
export class Sessions {
  /** As with sshd, they go on when their connection is cut. */
  private readonly running = new Set<ChildProcess>();

  /** @param onCommand told of each command that a client asks for. */
  constructor(
    private readonly options: ShellOptions,
    private readonly faults: FaultState,
    private readonly onCommand: (command: string) => void,
  ) {}

  /** Does what a client asks of `session`. */
  serve(session: Session, gate: Gate): void {
    const variables: Record<string, string> = {};
    session.on("env", (accept, reject, { key, val }) => {
      // As Debian's sshd: AcceptEnv LANG LC_*
      if (!/^(LANG|LC_\w+)$/.test(key)) return reject?.();
      variables[key] = val;
      accept?.();
    });
    session.on("shell", (accept) => {
      this.execute(undefined, variables, session, accept(), gate);
    });
    session.on("exec", (accept, _reject, { command }) => {
      this.onCommand(command);
      const fault = this.faults.strike("exec", command);
      if (fault !== undefined) return gate.apply(fault);
      this.execute(command, variables, session, accept(), gate);
    });
  }

  /** Ends the commands that still run. */
  end(): void {
    for (const child of this.running) signal(child, "TERM");
  }

  private execute(
    command: string | undefined,
    variables: Readonly<Record<string, string>>,
    session: Session,
    channel: ServerChannel,
    gate: Gate,
  ): void {
    const child = run(command, this.options, variables);
    this.running.add(child);
    session.on("signal", (_accept, _reject, { name }) => signal(child, name));
    channel.on("error", () => undefined);
    channel.pipe(child.stdin as NodeJS.WritableStream);
    child.stdin?.on("error", () => undefined);
    child.stdout?.pipe(channel, { end: false });
    child.stderr?.pipe(channel.stderr, { end: false });
    child.once("close", (code, name) => {
      this.running.delete(child);
      const fault = this.faults.strike("exec-done", command);
      if (fault !== undefined) return gate.apply(fault);
      if (name === null) channel.exit(code ?? 255);
      else channel.exit(name.replace(/^SIG/, ""));
      channel.end();
    });
  }
}

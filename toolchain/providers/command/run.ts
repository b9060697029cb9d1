// Runs one command on another host and collects what it says.

import type { ClientChannel } from "ssh2";

import { ProviderError, type Session } from "../../../plugin/provider";
import type { Values } from "../../../plugin/wire";
import { dial, type Dialled } from "./dial";

/** A command to run. */
export interface Job {
  /** With its defaults filled in. */
  readonly connection: Values;
  readonly command: string;
  readonly stdin?: string | undefined;
  /** Must be taken by the server, or the command is not run. */
  readonly environment: readonly (readonly [string, string])[];
  /** Offered to the server; one that it refuses is a warning. */
  readonly previous: readonly (readonly [string, string])[];
  readonly logStdout: boolean;
  readonly logStderr: boolean;
}

/**
 * Runs a command over an SSH connection of its own.
 *
 * @throws ProviderError with the command and its output when it does not end with 0.
 */
export async function run(job: Job, session: Session): Promise<{ stdout: string; stderr: string }> {
  const { client, close } = await dial(job.connection, session);
  const stop = (): void => close();
  session.signal.addEventListener("abort", stop, { once: true });
  try {
    return await output(client, job, session);
  } finally {
    session.signal.removeEventListener("abort", stop);
    close();
  }
}

/**
 * Opens the command's channel and waits for its end. Variables go with it; SSH has a reply for one that
 * the server refuses, which `ssh2` does not ask for.
 */
function output(
  client: Dialled["client"],
  job: Job,
  session: Session,
): Promise<{ stdout: string; stderr: string }> {
  const env = Object.fromEntries([...job.previous, ...job.environment]);
  const command = JSON.stringify(job.command);
  return new Promise((resolve, reject) => {
    const fail = (message: string): void => {
      const cause = session.signal.aborted
        ? "it was given up, because the run was cancelled"
        : message;
      reject(new ProviderError(cause));
    };
    const lost = (): void => fail(`the connection closed before ${command} was started`);
    client.once("close", lost);
    client.exec(job.command, { env }, (error, channel) => {
      client.removeListener("close", lost);
      if (error) return fail(`${error.message}: running ${command}`);
      // Listened to at once: the answer of a fast command comes in the same packet.
      collect(channel, job, session, (stdout, stderr, both, ended) => {
        if (session.signal.aborted || ended !== undefined)
          fail(`${ended}: running ${command}:\n${both}`);
        else resolve({ stdout, stderr });
      });
      channel.end(job.stdin ?? "");
    });
  });
}

function collect(
  channel: ClientChannel,
  job: Job,
  session: Session,
  done: (stdout: string, stderr: string, both: string, ended: string | undefined) => void,
): void {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const both: Buffer[] = [];
  let ended: string | undefined = "wait: remote command exited without exit status or exit signal";
  const shown = lines((line) => session.log("info", line, true));
  const take = (chunks: Buffer[], log: boolean) => (chunk: Buffer) => {
    chunks.push(chunk);
    both.push(chunk);
    if (log) shown.take(chunk);
  };
  channel.on("data", take(stdout, job.logStdout));
  channel.stderr.on("data", take(stderr, job.logStderr));
  channel.on("exit", (code: number | null, signal?: string) => {
    if (code === 0) ended = undefined;
    else if (code !== null) ended = `Process exited with status ${code}`;
    else ended = `Process exited with status 255 from signal ${String(signal).replace(/^SIG/, "")}`;
  });
  channel.on("error", (error: Error) => {
    ended = error.message;
  });
  channel.on("close", () => {
    shown.flush();
    done(text(stdout), text(stderr), text(both), ended);
  });
}

function text(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString("utf8");
}

/** Passes on whole lines. */
function lines(write: (line: string) => void): { take(chunk: Buffer): void; flush(): void } {
  let rest = "";
  return {
    take(chunk) {
      const parts = (rest + chunk.toString("utf8")).split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) write(part);
    },
    flush() {
      if (rest) write(rest);
      rest = "";
    },
  };
}

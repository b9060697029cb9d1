// Runs one command on another host and collects what it says.

import type { ClientChannel } from "ssh2";

import { ProviderError, type Session } from "../provider";
import type { Values } from "../wire";
import { dial } from "./dial";

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
    const channel = await open(client, job, session);
    return await finished(channel, job, session);
  } finally {
    session.signal.removeEventListener("abort", stop);
    close();
  }
}

type Connected = Awaited<ReturnType<typeof dial>>["client"];

/** Opens the command's channel. Variables go with it: a server that refuses one says nothing in SSH's own protocol. */
function open(client: Connected, job: Job, session: Session): Promise<ClientChannel> {
  const env = Object.fromEntries([...job.previous, ...job.environment]);
  return new Promise((resolve, reject) => {
    const lost = (): void =>
      reject(
        new ProviderError(
          session.signal.aborted
            ? `${JSON.stringify(job.command)} was given up: the run was cancelled.`
            : `the connection closed before ${JSON.stringify(job.command)} was started`,
        ),
      );
    client.once("close", lost);
    client.exec(job.command, { env }, (error, channel) => {
      client.removeListener("close", lost);
      if (error)
        reject(new ProviderError(`${error.message}: running ${JSON.stringify(job.command)}`));
      else resolve(channel);
    });
  });
}

function finished(
  channel: ClientChannel,
  job: Job,
  session: Session,
): Promise<{ stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    const both: Buffer[] = [];
    let ended: string | undefined =
      "wait: remote command exited without exit status or exit signal";
    const shown = lines((line) => session.log("info", line, true));
    channel.on("data", (chunk: Buffer) => {
      stdout.push(chunk);
      both.push(chunk);
      if (job.logStdout) shown.take(chunk);
    });
    channel.stderr.on("data", (chunk: Buffer) => {
      stderr.push(chunk);
      both.push(chunk);
      if (job.logStderr) shown.take(chunk);
    });
    channel.on("exit", (code: number | null, signal?: string) => {
      if (code === 0) ended = undefined;
      else if (code !== null) ended = `Process exited with status ${code}`;
      else
        ended = `Process exited with status 255 from signal ${String(signal).replace(/^SIG/, "")}`;
    });
    channel.on("error", (error: Error) => {
      ended = error.message;
    });
    channel.on("close", () => {
      shown.flush();
      if (session.signal.aborted) ended = "it was given up, because the run was cancelled";
      if (ended === undefined) resolve({ stdout: text(stdout), stderr: text(stderr) });
      else
        reject(
          new ProviderError(`${ended}: running ${JSON.stringify(job.command)}:\n${text(both)}`),
        );
    });
    channel.end(job.stdin ?? "");
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

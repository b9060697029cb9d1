import { ClientChannel } from "ssh2";

import { SshError } from "./errors";

/** What a command came to. */
export interface ExecResult {
  /** Exit code; 128 when a signal ended the command. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** More output than this is cut off: a command here answers in a few lines. */
const outputLimit = 1 << 20;

/**
 * Feeds a started command and collects what it says.
 *
 * @throws SshError `timeout` after `timeoutMs`, `lost` when the connection ends first
 */
export function run(
  channel: ClientChannel,
  connection: { readonly name: string; readonly death: Error | undefined },
  stdin: string | undefined,
  timeoutMs: number,
): Promise<ExecResult> {
  return new Promise((resolve, reject) => {
    const stdout = collector();
    const stderr = collector();
    let code: number | undefined;
    const timer = setTimeout(() => {
      channel.close();
      reject(
        new SshError(
          "timeout",
          `SSH to ${connection.name}: a command was not done in ${timeoutMs / 1000} s`,
          `try again; is that machine under load, or does the command wait for a password?`,
        ),
      );
    }, timeoutMs);
    channel.on("data", stdout.add);
    channel.stderr.on("data", stderr.add);
    channel.on("exit", (status: number | null) => (code = status ?? 128));
    channel.on("error", () => undefined);
    channel.on("close", () => {
      clearTimeout(timer);
      if (code !== undefined)
        return resolve({ code, stdout: stdout.text(), stderr: stderr.text() });
      reject(
        connection.death ??
          new SshError(
            "lost",
            `SSH to ${connection.name}: a command ended without telling how`,
            "try again",
          ),
      );
    });
    channel.end(stdin ?? "");
  });
}

function collector(): { add(data: Buffer): void; text(): string } {
  const parts: Buffer[] = [];
  let size = 0;
  return {
    add: (data) => {
      if (size < outputLimit) parts.push(data);
      size += data.length;
    },
    text: () => Buffer.concat(parts).toString("utf8"),
  };
}

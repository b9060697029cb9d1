/** Log lines in the style of Immich (NestJS), to a file or to stderr. */
import { appendFileSync } from "node:fs";
import { inspect } from "node:util";

/** NestJS's levels that Immich uses. */
export type Level = "LOG" | "WARN" | "ERROR";

/** Immich's log. */
export interface Log {
  /** Writes a line of `context` (a class of Immich); `id` is the request's correlation id. */
  write(level: Level, context: string, message: string, id?: string): void;
  /** Writes text as it is, as when a process dies of an error. */
  raw(text: string): void;
}

/** Who writes: a worker since 1.106, the one server before, Immich's command line. */
export type Writer = "worker" | "server" | "command";

/** @param file appended to; when not given stderr, or stdout for the command line. */
export function createLog(file: string | undefined, writer: Writer): Log {
  const raw = (text: string): void => {
    if (file !== undefined) appendFileSync(file, text);
    else if (writer === "command") process.stdout.write(text);
    else process.stderr.write(text);
  };
  return {
    raw,
    write(level, context, message, id) {
      const names: Record<Writer, string> = {
        worker: `[Api:${context}${id === undefined ? "" : `~${id}`}]`,
        server: `[ImmichServer] [${context}]`,
        command: `[${context}]`,
      };
      raw(`[Nest] ${process.pid}  - ${now()} ${level.padStart(7)} ${names[writer]} ${message}\n`);
    },
  };
}

/** 11/23/2026, 1:43:38 PM */
function now(): string {
  return new Date().toLocaleString("en-US", {
    month: "2-digit",
    day: "2-digit",
    year: "numeric",
    hour: "numeric",
    minute: "2-digit",
    second: "2-digit",
  });
}

/** An error with its causes, as Node prints it. */
export function describeError(error: unknown): string {
  return inspect(error, { depth: 4, colors: false });
}

/** An error without its causes. */
export function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? String(error)) : String(error);
}

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

/**
 * @param file appended to; stderr when not given.
 * @param separate from 1.106 on two workers write one log, and each names itself.
 */
export function createLog(file: string | undefined, separate: boolean): Log {
  const raw = (text: string): void => {
    if (file === undefined) process.stderr.write(text);
    else appendFileSync(file, text);
  };
  return {
    raw,
    write(level, context, message, id) {
      const time = new Date().toLocaleString("en-US", {
        month: "2-digit",
        day: "2-digit",
        year: "numeric",
        hour: "numeric",
        minute: "2-digit",
        second: "2-digit",
      });
      const name = separate
        ? `[Api:${context}${id === undefined ? "" : `~${id}`}]`
        : `[ImmichServer] [${context}]`;
      raw(`[Nest] ${process.pid}  - ${time} ${level.padStart(7)} ${name} ${message}\n`);
    },
  };
}

/** An error with its causes, as Node prints it. */
export function describeError(error: unknown): string {
  return inspect(error, { depth: 4, colors: false });
}

/** An error without its causes. */
export function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? String(error)) : String(error);
}

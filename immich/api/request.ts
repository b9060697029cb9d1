/** One request to Immich's API. No redirect is followed, every answer has a time-out, and what may pass is tried again. */
import { type Json, parse } from "../json";
import { ApiError, elsewhere, PASSING, unanswered } from "./errors";
import type { Answer, ApiNames, Question } from "./exchange";

/** How long things may take, in milliseconds, and how often they are tried. */
export interface Patience {
  /** Until the last byte of an answer. */
  readonly answerMs: number;
  /** Tries of a question that changes nothing. */
  readonly tries: number;
  /** Before the second try; doubled for each later one. */
  readonly pauseMs: number;
  /** The longest that an answer's Retry-After is waited for. */
  readonly longestPauseMs: number;
}

export const PATIENCE: Patience = {
  answerMs: 20_000,
  tries: 4,
  pauseMs: 500,
  longestPauseMs: 15_000,
};

/**
 * Sends one request with the key. A GET is tried again where the server may just be starting; anything else never.
 *
 * @throws ApiError where no answer came, or one from somewhere else
 */
export async function send(
  { url, key }: { readonly url: string; readonly key: string },
  names: ApiNames,
  question: Question,
  patience: Partial<Patience> = {},
): Promise<Answer> {
  const { answerMs, tries, pauseMs, longestPauseMs } = { ...PATIENCE, ...patience };
  for (let attempt = 1; ; attempt += 1) {
    const isLast = question.method !== "GET" || attempt >= tries;
    let wait = pauseMs * 2 ** (attempt - 1);
    try {
      const answer = await once(url, key, names, question, answerMs);
      wait = answer.retryAfterMs ?? wait;
      if (isLast || !PASSING.includes(answer.status) || wait > longestPauseMs) return answer;
    } catch (error) {
      if (isLast || !(error instanceof ApiError && error.passing)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

async function once(
  origin: string,
  key: string,
  names: ApiNames,
  question: Question,
  answerMs: number,
): Promise<Answer> {
  const { method, path, body } = question;
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${origin}${path}`, {
      method,
      redirect: "manual",
      headers: {
        accept: "application/json",
        "x-api-key": key,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(answerMs),
    });
    text = await response.text();
  } catch (error) {
    throw unanswered(names, question, error, answerMs);
  }
  const { status, headers } = response;
  if (status >= 300 && status < 400)
    throw elsewhere(names, question, status, headers.get("location") ?? "");
  return {
    method,
    path,
    status,
    contentType: (headers.get("content-type") ?? "").split(";")[0]?.trim() ?? "",
    json: json(text),
    ...retryAfter(headers.get("retry-after")),
  };
}

function json(text: string): Json | undefined {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

/** Seconds, or a date (RFC 9110, section 10.2.3). */
function retryAfter(header: string | null): { readonly retryAfterMs?: number } {
  if (header === null) return {};
  const milliseconds = /^\d+$/.test(header)
    ? Number(header) * 1000
    : Date.parse(header) - Date.now();
  return Number.isNaN(milliseconds) ? {} : { retryAfterMs: Math.max(0, milliseconds) };
}

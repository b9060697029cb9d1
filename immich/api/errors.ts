/** What can go wrong with Immich's API, as a person should read it: what was asked, what came back, what to do. */
import { said, SettingsError, type SettingsProblem } from "../errors";
import { isObject, type Json } from "../json";
import type { Answer, ApiNames, Question } from "./exchange";
import { describeIssues, issuesIn } from "./issues";

interface Sort {
  /** A save that was asked for may have been done all the same. */
  readonly unsure?: boolean;
  /** It may pass: to be tried again after so many milliseconds, or soon. */
  readonly passing?: boolean;
  readonly waitMs?: number;
}

/** An answer of Immich's API that is not the one asked for, or none. Never holds the key or a setting's value. */
export class ApiError extends SettingsError {
  readonly unsure: boolean;
  readonly passing: boolean;
  readonly waitMs: number | undefined;

  constructor(problem: SettingsProblem, what: string, next: string, sort: Sort = {}) {
    super(problem, what, false, next);
    this.name = "ApiError";
    this.unsure = sort.unsure ?? false;
    this.passing = sort.passing ?? false;
    this.waitMs = sort.waitMs;
  }
}

/** A proxy without its server, or a server that is starting or has too much to do. */
export const PASSING = [429, 502, 503, 504];

/** `npx pulumi …` for the stack. */
function pulumi({ stack }: ApiNames, what: string): string {
  return `npx pulumi ${what}${stack === undefined ? "" : ` --stack ${stack}`}`;
}

const OTHER_ADDRESS = "config set immichApiUrl http://ADDRESS:2283";

/** How a key is made that may do what this program does. */
function newKey(names: ApiNames): string {
  return (
    `in Immich, as an administrator: Account Settings > API Keys > New API Key, with the permissions systemConfig.read and ` +
    `systemConfig.update (from Immich 3.2 on: adminConfig.read and adminConfig.update); then ` +
    pulumi(names, "config set --secret immichApiKey")
  );
}

function start({ url }: ApiNames, { method, path }: Pick<Question, "method" | "path">): string {
  const untouched = method === "PUT" ? " Nothing has been changed." : "";
  return `Immich's API at ${url} (${method} ${path}):${untouched}`;
}

/** An answer with another status than 200. */
export function refused(names: ApiNames, answer: Answer): ApiError {
  const { status, json, contentType, method } = answer;
  const message = messageIn(json);
  const begin = start(names, answer);
  const fail = (problem: SettingsProblem, text: string, next: string, sort?: Sort) =>
    new ApiError(problem, `${begin} ${text}`, next, sort);
  if (PASSING.includes(status) || (status >= 500 && message === undefined)) {
    const { retryAfterMs: waitMs } = answer;
    const asks = waitMs === undefined ? "" : `, and asks to wait ${Math.ceil(waitMs / 1000)} s`;
    return fail(
      "api",
      `it answered ${status}${asks}: ${status === 429 ? "too many requests" : "Immich is starting or down, or a proxy does not reach it"}`,
      "wait until Immich's page opens, then run the same command again",
      { unsure: method === "PUT", passing: PASSING.includes(status), waitMs },
    );
  }
  if ((status === 401 || status === 403) && message === undefined)
    return fail(
      "permission",
      `it answered ${status} with ${contentType || "nothing"} instead of JSON: something in front of Immich asks for a login of its own`,
      `let the proxy pass /api on to Immich without that login, or name Immich's own address: ${pulumi(names, OTHER_ADDRESS)}`,
    );
  if (status === 401)
    return /authentication required/i.test(message ?? "")
      ? fail(
          "permission",
          "it answered 401, as if no API key had been sent: something on the way takes the header x-api-key away",
          `let the proxy pass it on, or name Immich's own address: ${pulumi(names, OTHER_ADDRESS)}`,
        )
      : fail(
          "permission",
          "it does not accept the API key (401): the key is wrong or was deleted, or is another Immich's",
          newKey(names),
        );
  if (status === 403) {
    const permission = /permission: ([\w.]+)/.exec(message ?? "")?.[1];
    return permission === undefined
      ? fail(
          "permission",
          "it answered 403: the API key is not an administrator's, and only administrators may see and change its settings",
          newKey(names),
        )
      : fail(
          "permission",
          `it answered 403: the API key has not the permission ${permission}`,
          newKey(names),
        );
  }
  if (status === 404)
    return fail(
      "api",
      "it answered 404: there is no such path. Another server answers there, or an Immich that has moved its API",
      `check the address: ${pulumi(names, OTHER_ADDRESS)}`,
    );
  if (/IMMICH_CONFIG_FILE/.test(message ?? ""))
    return fail(
      "store",
      "this Immich runs from a configuration file (IMMICH_CONFIG_FILE), and takes no other settings",
      CONFIG_FILE,
    );
  const issues = issuesIn(json);
  if (status === 400 && issues.length > 0) {
    const { problem, text, next } = describeIssues(issues);
    return fail(problem, `Immich refuses the settings:${text}`, next);
  }
  return fail(
    "api",
    `it answered ${status}: ${message === undefined ? contentType || "nothing" : said(message)}`,
    "look into Immich's log (docker logs immich_server, or wherever it runs), then run the same command again",
    { unsure: method === "PUT" && status >= 500 },
  );
}

/** What to do about an Immich that takes no settings because it has them from a file. */
export const CONFIG_FILE =
  "leave its settings in that file (npx pulumi config set settingsThrough file; npm run config-file prints what belongs there), or take IMMICH_CONFIG_FILE out of Immich's environment, restart it, and run this again";

/** An answer with status 200 that is not JSON. */
export function wrongAnswer(names: ApiNames, answer: Answer): ApiError {
  return new ApiError(
    "api",
    `${start(names, answer)} ${answer.contentType || "no JSON"} came back instead of JSON: another server answers there, or a login page in front of Immich`,
    `let the proxy pass /api on to Immich, or name Immich's own address: ${pulumi(names, OTHER_ADDRESS)}`,
    { unsure: answer.method === "PUT" },
  );
}

/** JSON that is not Immich's settings. */
export function wrongDocument(names: ApiNames, path: string): ApiError {
  return new ApiError(
    "api",
    `${start(names, { method: "GET", path })} what came back are not Immich's settings (no oauth, no passwordLogin)`,
    `check the address: ${pulumi(names, OTHER_ADDRESS)}`,
  );
}

/** An answer from which the key is not carried on to where it points. */
export function elsewhere(
  names: ApiNames,
  question: Question,
  status: number,
  location: string,
): ApiError {
  const to = URL.canParse(location, names.url) ? new URL(location, names.url) : undefined;
  const isOther = to !== undefined && to.origin !== new URL(names.url).origin;
  const next = isOther
    ? `name the address that it ends at: ${pulumi(names, `config set immichApiUrl ${to.origin}`)}`
    : `let the proxy pass /api on to Immich, or name Immich's own address: ${pulumi(names, OTHER_ADDRESS)}`;
  return new ApiError(
    "api",
    `${start(names, question)} it redirects (${status}) to ${to ? to.origin + to.pathname : "nowhere"}; the API key is not sent on to another address`,
    next,
  );
}

/** No answer came. */
export function unanswered(
  names: ApiNames,
  question: Question,
  error: unknown,
  answerMs: number,
): ApiError {
  const begin = `Immich's API at ${names.url} (${question.method} ${question.path}): `;
  const { name, cause } = error as { name?: string; cause?: { code?: string } };
  const code = cause?.code ?? "";
  const changes = question.method === "PUT";
  const fail = (problem: SettingsProblem, text: string, next: string, sort?: Sort) =>
    new ApiError(problem, `${begin}${text}`, next, sort);
  if (name === "TimeoutError")
    return fail(
      "slow",
      `no answer within ${answerMs / 1000} s`,
      "see whether Immich's page opens, then run the same command again",
      { unsure: changes },
    );
  if (/CERT|SSL|TLS|SIGNATURE|SELF_SIGNED|EPROTO/.test(code))
    return fail(
      "api",
      `its certificate is not accepted (${code})`,
      `for a certificate authority of your own: export NODE_EXTRA_CA_CERTS=/path/to/ca.pem; else name an address whose certificate is right: ${pulumi(names, "config set immichApiUrl https://ADDRESS")}`,
    );
  const reason =
    { ECONNREFUSED: "connection refused", ENOTFOUND: "no such host", EAI_AGAIN: "no such host" }[
      code
    ] ?? `the connection broke${code ? ` (${code})` : ""}`;
  return fail(
    "cut",
    reason,
    `see whether Immich is up; its address is set by ${pulumi(names, OTHER_ADDRESS)}`,
    {
      unsure: changes && code !== "ECONNREFUSED",
      passing: /^(E(CONNREFUSED|CONNRESET|PIPE)|UND_ERR_SOCKET)$/.test(code),
    },
  );
}

/** The sentence in one of Immich's error bodies. */
function messageIn(json: Json | undefined): string | undefined {
  const message = isObject(json) ? json["message"] : undefined;
  if (Array.isArray(message)) return message.map(String).join("; ");
  return typeof message === "string" ? message : undefined;
}

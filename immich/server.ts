import { atLeast } from "./version";

/** What a running Immich tells anybody who asks, without a login. A field is absent where it could not be learnt. */
export interface ServerAnswers {
  /** Whether anything that speaks Immich's API answered. */
  readonly reachable: boolean;
  /** "1.135.3" */
  readonly version?: string;
  /** Whether it runs from IMMICH_CONFIG_FILE, and so ignores its database's settings. */
  readonly configFile?: boolean;
  /** Whether OAuth is on. */
  readonly oauth?: boolean;
  /** Whether the login page goes to the provider by itself. */
  readonly oauthAutoLaunch?: boolean;
  /** The text of the OAuth button. */
  readonly buttonText?: string;
  /** Whether one can log in with a password. */
  readonly passwordLogin?: boolean;
  /** Where something could not be learnt: what was asked and what came back, for a message. */
  readonly trouble?: string;
}

type Answer = Readonly<Record<string, unknown>>;

/** Its makers plan to take `/api/server/features` and `/config` away again (immich-app/immich PR 30881). */
const PUBLIC_CONFIG_SINCE = "3.2.0";

/**
 * Asks Immich's public API for its version and its login settings. Paths moved: `/api/server-info/…` before 1.107,
 * `/api/server/…` since, `/api/public/config` since 3.2; each is tried where the one before it is not there.
 *
 * Never throws: a server that is down or still starting is an answer too.
 *
 * @param apiUrl where the API is reached, without `/api`: `http://192.168.40.22:2283`
 */
export async function askServer(
  apiUrl: string,
  options: { readonly timeoutMs?: number } = {},
): Promise<ServerAnswers> {
  const { timeoutMs = 5_000 } = options;
  const asker = new Asker(apiUrl.replace(/\/+$/, ""), AbortSignal.timeout(timeoutMs));
  const known = await version(asker);
  const isNew = known !== undefined && atLeast(known, PUBLIC_CONFIG_SINCE);
  const [features, published] = await Promise.all([
    asker.first("/api/server/features", "/api/server-info/features"),
    isNew ? asker.first("/api/public/config") : undefined,
  ]);
  const config = published ?? (await asker.first("/api/server/config", "/api/server-info/config"));
  const oauth = group(published, "oauth");
  return {
    reachable: asker.answered,
    version: known,
    configFile: flag(features?.["configFile"]),
    oauth: flag(oauth?.["enabled"]) ?? flag(features?.["oauth"]),
    oauthAutoLaunch: flag(oauth?.["autoLaunch"]) ?? flag(features?.["oauthAutoLaunch"]),
    buttonText: text(oauth?.["buttonText"]) ?? text(config?.["oauthButtonText"]),
    passwordLogin:
      flag(group(published, "passwordLogin")?.["enabled"]) ?? flag(features?.["passwordLogin"]),
    trouble: asker.trouble,
  };
}

/** Asks for the version alone; undefined where it can't be learnt. */
export async function askVersion(
  apiUrl: string,
  options: { readonly timeoutMs?: number } = {},
): Promise<string | undefined> {
  const signal = AbortSignal.timeout(options.timeoutMs ?? 5_000);
  return version(new Asker(apiUrl.replace(/\/+$/, ""), signal));
}

const version = async (asker: Asker): Promise<string | undefined> =>
  versionOf(await asker.first("/api/server/version", "/api/server-info/version"));

class Asker {
  /** Whether any answer was Immich's. */
  answered = false;
  /** The first question that got no answer at any of its paths. */
  trouble: string | undefined;

  constructor(
    private readonly origin: string,
    private readonly signal: AbortSignal,
  ) {}

  /** The JSON object at the first of these paths that has one. */
  async first(...paths: readonly string[]): Promise<Answer | undefined> {
    let trouble = "";
    for (const path of paths) {
      const answer = await this.ask(path);
      if (typeof answer !== "string") {
        this.answered = true;
        return answer;
      }
      trouble ||= answer;
    }
    this.trouble ??= trouble;
    return undefined;
  }

  private async ask(path: string): Promise<Answer | string> {
    const url = `${this.origin}${path}`;
    try {
      const headers = { accept: "application/json" };
      const response = await fetch(url, { headers, redirect: "manual", signal: this.signal });
      const body: unknown = await response.json().catch(() => undefined);
      if (response.ok && body !== null && typeof body === "object") return body as Answer;
      return `GET ${url} answered ${response.status}${response.ok ? " without JSON" : ""}`;
    } catch (error) {
      return `GET ${url} failed: ${reason(error)}`;
    }
  }
}

function versionOf(answer: Answer | undefined): string | undefined {
  const parts = [answer?.["major"], answer?.["minor"], answer?.["patch"]];
  return parts.every((part) => Number.isInteger(part)) ? parts.join(".") : undefined;
}

function group(answer: Answer | undefined, name: string): Answer | undefined {
  const value = answer?.[name];
  return value !== null && typeof value === "object" ? (value as Answer) : undefined;
}

/** A switch as Immich sends it; 1.105 passes a stored "true" on as text. */
function flag(value: unknown): boolean | undefined {
  if (typeof value === "string") return value !== "";
  return typeof value === "boolean" ? value : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function reason(error: unknown): string {
  const { name, message, cause } = error as { name?: string; message?: string; cause?: unknown };
  if (name === "TimeoutError") return "no answer in time";
  return (cause as { message?: string } | undefined)?.message || (message ?? String(error));
}

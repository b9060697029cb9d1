/** Takes out of answers and logs what differs from one run to the next. */
import type { Json } from "../../../sandbox/immich/merge";
import type { Answer } from "./exchanges";

/** Makes answers comparable with the recorded ones. */
export class Normaliser {
  /** @param origins by name, as in the recorded file: {oidc} stands for the first. */
  constructor(private readonly origins: Readonly<Record<string, string>>) {}

  /** A text without origins, states, codes, tokens and dates. */
  text(value: string): string {
    let text = value;
    for (const [name, origin] of Object.entries(this.origins)) {
      text = text
        .replaceAll(origin, `{${name}}`)
        .replaceAll(encodeURIComponent(origin), `{${name}}`);
    }
    return text
      .replace(/([?&](?:state|code|code_challenge)=)(?!st123|abc|def)[^&]+/g, "$1*")
      .replace(
        /^((?:immich_oauth_state|immich_oauth_code_verifier|immich_access_token)=)(?!;|st123|j%3Anull)[^;]+/,
        "$1*",
      )
      .replace(/Expires=(?!Thu, 01 Jan 1970)[^;]+/, "Expires=*");
  }

  /** A JSON value without ids and times. */
  json(value: Json, key = ""): Json {
    if (typeof value === "string") {
      if (["correlationId", "accessToken", "userId", "id"].includes(key)) return "*";
      return /^\d{4}-\d\d-\d\dT/.test(value) ? "*" : this.text(value);
    }
    if (Array.isArray(value)) return value.map((inner) => this.json(inner));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [name, this.json(inner, name)]),
    );
  }

  /** An answer of the API. */
  async answer(response: Response): Promise<Answer> {
    const text = await response.text();
    const cookies = response.headers.getSetCookie().map((cookie) => this.text(cookie));
    return {
      status: response.status,
      ...(text === "" ? {} : { body: this.json(JSON.parse(text) as Json) }),
      ...(cookies.length === 0 ? {} : { cookies }),
    };
  }

  /** The lines of a log: level, context and the first line of the message; causes of errors. */
  log(text: string): string[] {
    const entries = text.matchAll(
      /\[Nest\] \d+ +- [\d/]+, [\d:]+ [AP]M +(LOG|WARN|ERROR) \[(?:Api|ImmichServer)(?:\] \[|:)([\s\S]*?)(?:~\w{8})?\] ([\s\S]*?)(?=\n\[Nest\]|\n*$)/g,
    );
    return [...entries].flatMap(([, level = "", context = "", message = ""]) => {
      const shown = message.startsWith("Unknown keys")
        ? `${message.split("\n}")[0]}\n}`
        : (message.split("\n")[0] ?? "").trim();
      const cause = /\[cause\]: (\w+: [^\n]*)/.exec(message)?.[1];
      return [
        this.text(`${level} ${context.trim()}: ${shown}`),
        ...(cause === undefined ? [] : [`cause ${this.text(cause)}`]),
      ];
    });
  }
}

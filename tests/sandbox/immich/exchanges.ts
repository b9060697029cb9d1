/** The recorded exchanges, unfolded, and the shapes of their parts. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Json, JsonObject } from "../../../sandbox/immich/merge";

/** An answer of Immich's API. */
export interface Answer {
  readonly status: number;
  readonly body?: Json;
  readonly cookies?: readonly string[];
}

/** A change of settings: what differs, and under "-" the keys that are left out. */
export type Change = JsonObject & { readonly "-"?: string[] };

/** A whole login. */
export interface Flow {
  readonly name: string;
  /** Who logs in at the provider. */
  readonly user: string;
  /** What the row's `oauth` has beyond the usual. */
  readonly oauth: Change;
  readonly redirectUri: string;
  /** What is done out of the ordinary on the way. */
  readonly how?: "no-cookies" | "state" | "code" | "row-removed" | "app-url" | "app-pkce" | "link";
  readonly authorize: Answer;
  /** Where the provider sent the browser; or its refusal, which Immich never sees. */
  readonly returned?: string | { readonly refused: number; readonly error: string };
  readonly callback?: Answer;
  readonly log?: readonly string[];
  /** People that are new or changed afterwards. */
  readonly people?: readonly JsonObject[];
}

/** A start of Immich with given settings. */
export interface Start {
  readonly name: string;
  readonly starts: boolean;
  readonly features?: Json;
  readonly button?: string;
  readonly authorize?: Answer;
  readonly log: readonly string[];
}

/** Everything that was recorded. */
export interface Exchanges {
  readonly base: JsonObject;
  readonly fresh: {
    readonly rows: Json;
    readonly table: string;
    readonly constraints: string;
    readonly exchanges: readonly {
      readonly name: string;
      readonly method: string;
      readonly path: string;
      readonly send?: JsonObject;
      readonly answer: Answer;
    }[];
    readonly puts: readonly {
      readonly name: string;
      readonly oauth: Change;
      readonly status: number;
      readonly answer?: Change;
      readonly error?: Json;
      readonly row: Json;
    }[];
    readonly partial: { readonly send: JsonObject; readonly answer: Answer };
  };
  readonly issuers: {
    readonly features: Json;
    readonly button: string;
    readonly authorize: Answer;
    readonly list: readonly {
      readonly name: string;
      readonly issuerUrl: string;
      readonly answer: Answer;
      readonly log?: readonly string[];
    }[];
    readonly disabled: Answer;
    readonly noRedirect: Answer;
  };
  readonly flows: readonly Flow[];
  readonly rows: readonly Flow[];
  readonly odd: readonly Flow[];
  readonly unknownKeys: {
    readonly oauth: JsonObject;
    readonly top: readonly string[];
    readonly putStatus: number;
    readonly row: Json;
  };
  readonly unlink: Answer;
  readonly logout: Answer;
  readonly mobileRedirect: { readonly status: number; readonly location: string };
  readonly cache: {
    readonly sessionAfterDisable: number;
    readonly passwordOff: { readonly features: JsonObject; readonly login: Answer };
    readonly logAfterPut: readonly string[];
    readonly stalePut: { readonly status: number; readonly row_after: Json };
    readonly commands: readonly {
      readonly name: string;
      readonly exitCode: number;
      readonly says: string;
      readonly row: Json;
      /** `oauth` of /api/server/features right afterwards. */
      readonly oauth: boolean;
    }[];
  };
  readonly old: {
    readonly version: Json;
    readonly signup: number;
    readonly defaults: JsonObject;
    readonly put: { readonly status: number; readonly rows: JsonObject };
    readonly putDefaults: { readonly status: number; readonly rows: JsonObject };
    readonly sqlWithoutRestart: Seen;
    readonly sqlAfterRestart: Seen;
    readonly cases: readonly (Start & { readonly rows: Readonly<Record<string, string>> })[];
  };
  readonly keys: readonly { readonly version: string; readonly keys: readonly string[] }[];
  readonly file: {
    readonly cases: readonly (Start & { readonly content: Json })[];
    readonly getOauth: JsonObject;
    readonly putRefused: Answer;
    readonly changed: readonly Json[];
    readonly login: number;
    readonly invalidWhileRunning: Answer;
  };
}

/** What the public API showed at a moment. */
export interface Seen {
  readonly features: Json;
  readonly button: string;
  readonly authorize: Answer;
}

/** Reads the file, with the names of repeated parts replaced by the parts. */
export function loadExchanges(): Exchanges {
  const text = readFileSync(join(__dirname, "..", "immich-exchanges.json"), "utf8");
  const { shared, ...rest } = JSON.parse(text) as { shared: Json[] };
  const unfold = (value: Json): Json => {
    if (typeof value === "string") {
      const name = /^\$(\d+)$/.exec(value)?.[1];
      return name === undefined ? value : unfold(shared[Number(name)] ?? null);
    }
    if (Array.isArray(value)) return value.map(unfold);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unfold(inner)]));
  };
  return unfold(rest as unknown as Json) as unknown as Exchanges;
}

/** `base` with a change. */
export function changed(base: JsonObject, { "-": gone = [], ...change }: Change): JsonObject {
  const kept = Object.entries(base).filter(([key]) => !gone.includes(key));
  return { ...Object.fromEntries(kept), ...change };
}

/** Puts real origins in the place of {oidc} and its like. */
export function fill<T>(value: T, origins: Readonly<Record<string, string>>): T {
  const text = JSON.stringify(value);
  return JSON.parse(
    text.replace(/\{(\w+)(-https|-localhost)?\}/g, (all, name: string, how?: string) => {
      const origin = origins[name];
      if (origin === undefined) return all;
      if (how === "-https") return origin.replace("http:", "https:");
      return how === undefined ? origin : origin.replace("127.0.0.1", "localhost");
    }),
  ) as T;
}

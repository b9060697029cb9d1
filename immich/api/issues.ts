/** What Immich says is wrong with settings that were to be saved, by the configuration keys of this project. */
import { said, type SettingsProblem } from "../errors";
import { isObject, type Json } from "../json";

/** One thing that Immich refuses. */
interface Issue {
  /** `oauth.issuerUrl`; empty where it is not told. */
  readonly path: string;
  /** Immich's words. */
  readonly message: string;
}

/** Which configuration makes a setting what it is. */
const KEYS: Readonly<Record<string, string>> = {
  "oauth.issuerUrl": "authentikPublicUrl, applicationSlug",
  "oauth.clientId": "clientId",
  "oauth.clientSecret": "clientSecret",
  "oauth.scope": "scopes",
  "oauth.buttonText": "buttonText",
  "oauth.autoRegister": "autoRegister",
  "oauth.autoLaunch": "autoLaunch",
  "oauth.roleClaim": "adminGroups",
  "oauth.allowInsecureRequests": "authentikPublicUrl",
  "passwordLogin.enabled": "passwordLogin",
};

/**
 * The issues in an error body: `{"message":["oauth.issuerUrl must be a URL address"]}` up to 2.x,
 * `{"message":"Validation failed","errors":[{"path":"oauth.issuerUrl","message":"…"}]}` since 3.0.
 */
export function issuesIn(json: Json | undefined): readonly Issue[] {
  if (!isObject(json)) return [];
  const { errors, message } = json;
  if (Array.isArray(errors))
    return errors.filter(isObject).map(({ path, message: words }) => ({
      path: Array.isArray(path) ? path.map(String).join(".") : String(path ?? ""),
      message: String(words),
    }));
  if (!Array.isArray(message)) return [];
  return message.map((sentence) => {
    const words = String(sentence);
    const path = /^[a-z]\w*(?:\.\w+)+(?= )/i.exec(words)?.[0] ?? "";
    return { path, message: words.slice(path.length).trim() };
  });
}

/** The issues as lines, whose they are, and what to do. */
export function describeIssues(issues: readonly Issue[]): {
  readonly problem: SettingsProblem;
  readonly text: string;
  readonly next: string;
} {
  const ours = issues.filter(({ path }) => Object.hasOwn(KEYS, path));
  const lines = issues.map(({ path, message }) => {
    const key = KEYS[path];
    return `\n  - ${path || "it"}${key === undefined ? "" : ` (config: ${key})`}: ${said(message)}`;
  });
  return ours.length === issues.length
    ? { problem: "invalid", text: lines.join(""), next: "set what is named to another value" }
    : {
        problem: "stored",
        text: lines.join(""),
        next: "what is not this stack's: set it right in Immich > Administration > Settings and save there, then run the same command again",
      };
}

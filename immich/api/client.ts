/** Immich's own API, asked with an administrator's key: its settings, its users, what the key may do. */
import type { Admin } from "../admins";
import type { JsonObject } from "../json";
import { isObject, stringify } from "../json";
import { atLeast } from "../version";
import { refused, wrongAnswer, wrongDocument } from "./errors";
import type { Answer, ApiNames } from "./exchange";
import { type Patience, send } from "./request";

/** How one Immich's API is reached. */
export interface ApiAccess {
  /** Origin, without a slash at the end: `https://photos.example.org`. */
  readonly url: string;
  /** An administrator's API key. Secret. */
  readonly key: string;
  /** Name of the stack, for the commands in messages. Default: none is named. */
  readonly stack?: string;
}

/** Its makers move the settings there (immich-app/immich PR 30881); `/api/system-config` is still there in 3.2. */
const ADMIN_CONFIG = { path: "/api/admin/config", permission: "adminConfig", since: "3.2.0" };
const SYSTEM_CONFIG = { path: "/api/system-config", permission: "systemConfig", since: "0.0.0" };

type Endpoint = typeof ADMIN_CONFIG;

/** One Immich's API. What goes wrong is an {@link ApiError}; the key is in none of them, and goes to this origin alone. */
export class ImmichApi {
  private endpoint: Endpoint | undefined;
  private standard: Promise<JsonObject> | undefined;
  readonly names: ApiNames;

  /**
   * @param version Immich's version, as it tells everybody
   * @param patience default: {@link PATIENCE} of request.ts
   */
  constructor(
    private readonly access: ApiAccess,
    readonly version: string | undefined,
    private readonly patience: Partial<Patience> = {},
  ) {
    this.names = { url: access.url, stack: access.stack };
  }

  /** The settings, complete, as this version has them. Numbers keep their text. */
  async config(): Promise<JsonObject> {
    if (this.endpoint) return this.document(this.endpoint, await this.get(this.endpoint.path));
    const refusals: Answer[] = [];
    for (const endpoint of this.endpoints()) {
      const answer = await this.ask("GET", endpoint.path);
      // A key made before 3.2 has the permissions of that time; a later Immich may have lost the old path.
      if (answer.status === 403 || answer.status === 404) refusals.push(answer);
      else {
        const document = this.document(endpoint, this.good(answer));
        this.endpoint = endpoint;
        return document;
      }
    }
    const missing = refusals.find(({ status }) => status === 403) ?? refusals[0];
    throw missing ? refused(this.names, missing) : new TypeError("no endpoint was asked");
  }

  /** What Immich works with where nothing is set. */
  defaults(): Promise<JsonObject> {
    return (this.standard ??= (async () => {
      const endpoint = this.endpoint ?? (await this.config(), this.endpoint ?? SYSTEM_CONFIG);
      return this.document(endpoint, await this.get(`${endpoint.path}/defaults`));
    })());
  }

  /**
   * Saves the complete settings, as the form in Immich does. Is not tried again here.
   *
   * @returns what Immich says it has now
   */
  async update(document: JsonObject): Promise<JsonObject> {
    const endpoint = this.endpoint ?? (await this.config(), this.endpoint ?? SYSTEM_CONFIG);
    const answer = await this.ask("PUT", endpoint.path, stringify(document));
    return this.document(endpoint, this.good(answer));
  }

  /** Immich's administrators, deleted ones left out. Takes the permission `adminUser.read`. */
  async admins(): Promise<readonly Admin[]> {
    const answer = this.good(await this.ask("GET", "/api/admin/users"));
    if (!Array.isArray(answer.json)) throw wrongAnswer(this.names, answer);
    return answer.json
      .filter(isObject)
      .filter((user) => user["isAdmin"] === true && (user["deletedAt"] ?? null) === null)
      .map(({ email, oauthId }) => ({
        email: String(email).toLowerCase(),
        linked: typeof oauthId === "string" && oauthId !== "",
        oauthId: typeof oauthId === "string" ? oauthId : "",
      }));
  }

  /** What the key may do: `["systemConfig.read", …]`, or `["all"]`. Undefined: this version does not tell. */
  async permissions(): Promise<readonly string[] | undefined> {
    const { status, json } = await this.ask("GET", "/api/api-keys/me");
    const list = status === 200 && isObject(json) ? json["permissions"] : undefined;
    return Array.isArray(list) ? list.map(String) : undefined;
  }

  /**
   * Whether the key may read the settings, and change them, as far as that can be known without changing them.
   *
   * @throws ApiError that says what is wrong with the key and how to make one that is right
   */
  async check(): Promise<void> {
    await this.config();
    const permissions = await this.permissions();
    const wanted = `${(this.endpoint ?? SYSTEM_CONFIG).permission}.update`;
    if (!permissions || permissions.includes("all") || permissions.includes(wanted)) return;
    const json = { message: `Missing required permission: ${wanted}` };
    const path = (this.endpoint ?? SYSTEM_CONFIG).path;
    throw refused(this.names, { method: "PUT", path, status: 403, json, contentType: "" });
  }

  private endpoints(): readonly Endpoint[] {
    const { version } = this;
    return [ADMIN_CONFIG, SYSTEM_CONFIG].filter(({ since }) => atLeast(version ?? "1.0.0", since));
  }

  private async get(path: string): Promise<Answer> {
    return this.good(await this.ask("GET", path));
  }

  private ask(method: "GET" | "PUT", path: string, body?: string): Promise<Answer> {
    return send(this.access, this.names, { method, path, body }, this.patience);
  }

  /** An answer that is what was asked for. */
  private good(answer: Answer): Answer {
    if (answer.status !== 200) throw refused(this.names, answer);
    if (answer.json === undefined) throw wrongAnswer(this.names, answer);
    return answer;
  }

  private document({ path }: Endpoint, { json }: Answer): JsonObject {
    if (isObject(json) && isObject(json["oauth"]) && isObject(json["passwordLogin"])) return json;
    throw wrongDocument(this.names, path);
  }
}

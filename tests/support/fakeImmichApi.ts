/** As much of Immich's API as its settings take, in this process; each answer can be replaced. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Document = Record<string, Record<string, unknown>>;

/** One request, and how it is answered: true for "as Immich would", before or after something of one's own. */
export interface Met {
  readonly method: string;
  readonly path: string;
  readonly key: string | undefined;
  readonly response: ServerResponse;
  /** Does what Immich does with it, without answering. */
  work(): void;
}

export const DEFAULTS: Document = {
  oauth: {
    autoLaunch: false,
    autoRegister: true,
    buttonText: "Login with OAuth",
    clientId: "",
    clientSecret: "",
    defaultStorageQuota: null,
    enabled: false,
    issuerUrl: "",
    mobileOverrideEnabled: false,
    mobileRedirectUri: "",
    scope: "openid email profile",
    signingAlgorithm: "RS256",
    profileSigningAlgorithm: "none",
    storageLabelClaim: "preferred_username",
    storageQuotaClaim: "immich_quota",
    tokenEndpointAuthMethod: "client_secret_post",
    timeout: 30000,
    // What no version has yet, and this project does not know.
    brandNew: "standard",
  },
  passwordLogin: { enabled: true },
  trash: { days: 30 },
};

export class FakeImmichApi {
  document: Document = structuredClone(DEFAULTS);
  version = { major: 1, minor: 135, patch: 3 };
  /** Whether there is /api/admin/config, as since 3.2. */
  hasAdminConfig = false;
  /** `GET /api/system-config` and so on, in order. */
  readonly asked: string[] = [];
  readonly keys = new Set<string | undefined>();
  /** Called for each request; true: it has been answered. */
  meet: (met: Met) => boolean | Promise<boolean> = () => false;
  private readonly server = createServer(
    (request, response) => void this.answer(request, response),
  );

  async start(): Promise<string> {
    await new Promise<void>((done) => this.server.listen(0, "127.0.0.1", done));
    return this.url;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  /** How often it was asked with this. */
  count(question: string): number {
    return this.asked.filter((one) => one === question).length;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "", url: path = "" } = request;
    const header = request.headers["x-api-key"];
    const key = typeof header === "string" ? header : undefined;
    const send = (json: unknown, status = 200): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(json));
    };
    if (path === "/api/server/version") return send(this.version);
    if (/^\/api\/(server|public)/.test(path)) return send({ configFile: false });
    this.asked.push(`${method} ${path}`);
    this.keys.add(key);
    const work = (): void => {
      if (method === "PUT") this.save(JSON.parse(Buffer.concat(chunks).toString()) as Document);
    };
    if (await this.meet({ method, path, key, response, work })) return;
    work();
    const config = this.hasAdminConfig
      ? /^\/api\/(system-config|admin\/config)/
      : /^\/api\/system-config/;
    if (config.test(path)) return send(path.endsWith("/defaults") ? DEFAULTS : this.document);
    send({ message: "Cannot GET" }, 404);
  }

  /** As Immich does: empty texts and null are forgotten, and so is what it does not know. */
  private save(given: Document): void {
    this.document = Object.fromEntries(
      Object.entries(DEFAULTS).map(([group, names]) => [
        group,
        Object.fromEntries(
          Object.entries(names).map(([name, standard]) => {
            const value = given[group]?.[name];
            return [name, value === "" || value === null ? standard : value];
          }),
        ),
      ]),
    );
  }
}

/** Answers with a status and a body. */
export function reply(
  { response }: Met,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): true {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const type = typeof body === "string" ? "text/html" : "application/json; charset=utf-8";
  response.writeHead(status, { "content-type": type, ...headers }).end(text);
  return true;
}

/** An Authentik that has what a recorded call found, and says of it what was said. */
import * as http from "node:http";
import type { AddressInfo } from "node:net";

import type { Json, Props } from "../plugin";
import type { Call } from "./recorded";

/** Names in Authentik's API that are not the property's in snake case. */
const fields: Readonly<Record<string, string>> = {
  allowedRedirectUris: "redirect_uris",
  protocolProvider: "provider",
  uuid: "pk",
  expiry: "cert_expiry",
  subject: "cert_subject",
  fingerprint1: "fingerprint_sha1",
  fingerprint256: "fingerprint_sha256",
};

/** Stands in for Authentik in one call after the other. */
export class RecordedAuthentik {
  url = "";
  private readonly server = http.createServer((request, response) =>
    this.answer(request, response),
  );
  private call: Call | undefined;
  private written: Props | undefined;

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  /** From now on it is as it was at that call. */
  prepare(call: Call): void {
    this.call = call;
    this.written = undefined;
  }

  private answer(request: http.IncomingMessage, response: http.ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const message = this.call?.error?.message ?? "";
      if (message.endsWith("EOF' without http response: ") && !request.url?.includes("/root/")) {
        request.socket.destroy();
        return;
      }
      const forbidden = message.includes("403 Forbidden");
      const found = forbidden
        ? { detail: "Token invalid/expired" }
        : this.found(request.method ?? "", Buffer.concat(chunks).toString());
      response.statusCode = forbidden ? 403 : found === undefined ? 404 : 200;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(found ?? { detail: "Not found." }));
    });
  }

  private found(method: string, body: string): Json | undefined {
    const { call } = this;
    if (!call) return undefined;
    const answer = call.answer ?? {};
    if (call.method === "Invoke") {
      const result = answer["return"] as Props | undefined;
      if (!result) return { results: [] };
      const { ids } = result;
      return { results: Array.isArray(ids) ? ids.map((pk) => ({ pk })) : [bodyOf(result)] };
    }
    const told = answer["properties"] as Props | undefined;
    const id = String(answer["id"] ?? call.request["id"] ?? "");
    // Read only: it cannot be sent, and is answered.
    const own = { pk: told?.["uuid"] ?? id, slug: told?.["slug"] ?? null };
    if (method === "POST" || method === "PUT") {
      this.written = { ...(JSON.parse(body) as Props), ...own };
      return this.written;
    }
    if (this.written) return this.written;
    return told && Object.keys(told).length > 0 ? { ...bodyOf(told), ...own } : undefined;
  }
}

/** An object of Authentik's of which the provider told that; it has null where the provider tells "" or 0. */
function bodyOf(told: Props): Props {
  return Object.fromEntries(
    Object.entries(told).map(([key, value]) => {
      const name =
        fields[key] ??
        (key === "id" ? "pk" : key.replace(/[A-Z]/g, (at) => `_${at.toLowerCase()}`));
      if (key === "attributes") return [name, JSON.parse(String(value)) as Json];
      const plain =
        typeof value === "object" && value !== null && "value" in value ? value["value"] : value;
      return [name, plain === "" || plain === 0 ? null : (plain ?? null)];
    }),
  );
}

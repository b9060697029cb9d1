/**
 * /sandbox/: where tests break this Authentik in ways that its own API does not offer, and see what it
 * was asked. No real Authentik has this path. Guarded by the control token given at start.
 */
import { BlockList } from "node:net";

import type { Call, Reply } from "./http";
import { empty, html, json, redirect } from "./http";
import { notFoundPage, startingPage } from "./pages/errors";

/** What is broken on purpose; an absent or null setting is in order. */
export interface Faults {
  /** Announce addresses with this scheme: a proxy that does not send X-Forwarded-Proto. */
  readonly forwardedProto?: "http" | "https" | null;
  /** The version that admin/version/ tells; from 2026.8 on forwarded headers need a trusted proxy. */
  readonly version?: string | null;
  /**
   * AUTHENTIK_LISTEN__TRUSTED_PROXY_CIDRS: who may send forwarded headers, from 2026.8 on. Whoever asks
   * the sandbox does so from 127.0.0.1. Default: Authentik's own list, the private addresses.
   */
  readonly trustedProxyCidrs?: string | null;
  /** Announce addresses on this host[:port]: a proxy that does not pass the Host header on. */
  readonly forwardedHost?: string | null;
  /** Discovery answers a redirect to the login page, 404, a page, or 500. */
  readonly discovery?: "redirect" | "not-found" | "html" | "error" | null;
  /** Discovery names its issuer without the slash at the end. */
  readonly issuerWithoutSlash?: boolean | null;
  /** The key set is empty, or has a key that signs nothing. */
  readonly jwks?: "empty" | "other-key" | null;
  /** Everything answers 503, as while Authentik starts. */
  readonly starting?: boolean | null;
  /** Every answer waits so long, in milliseconds. */
  readonly delayMs?: number | null;
  /** Requests are taken and never answered. */
  readonly hang?: boolean | null;
}

/** One request that was answered. */
export interface Served {
  readonly method: string;
  readonly target: string;
  readonly userAgent: string;
  readonly status: number;
}

/** Where the controls begin. */
export const CONTROL = "/sandbox/";

const REMEMBERED = 2000;

/** The broken state of one Authentik, and the list of what it was asked. */
export class Control {
  faults: Faults = {};
  private served: Served[] = [];

  constructor(
    private readonly token: string | undefined,
    private readonly logEverybodyOut: () => void,
  ) {}

  /** Answers a request below /sandbox/. */
  answer(call: Call): Reply {
    if (!this.token) return html(404, notFoundPage());
    if (call.headers.authorization !== `Bearer ${this.token}`) {
      return json(403, { detail: "The control token is missing or wrong." });
    }
    switch (`${call.method} ${call.path.slice(CONTROL.length)}`) {
      case "GET faults":
        return json(200, this.faults);
      case "POST faults":
        this.faults = { ...this.faults, ...(JSON.parse(call.body || "{}") as Faults) };
        return json(200, this.faults);
      case "DELETE faults":
        this.faults = {};
        return json(200, this.faults);
      case "GET requests":
        return json(200, this.served);
      case "DELETE requests":
        this.served = [];
        return json(200, []);
      case "DELETE sessions":
        this.logEverybodyOut();
        return json(200, {});
      default:
        return json(404, { detail: "There is no such control." });
    }
  }

  /** Remembers a request for `GET requests`. */
  remember(call: Call, status: number): void {
    const { method, target, headers } = call;
    this.served.push({ method, target, userAgent: headers["user-agent"] ?? "", status });
    if (this.served.length > REMEMBERED) this.served.shift();
  }

  /** The request as a misconfigured proxy would pass it on, or as a misconfigured Authentik reads it. */
  disguise(call: Call): Call {
    const { forwardedProto, forwardedHost } = this.faults;
    const plain = `http://${call.headers["host"] ?? "localhost"}`;
    const origin = new URL(this.believesProxies() ? call.origin : plain);
    const protocol = forwardedProto ?? origin.protocol.replace(":", "");
    return { ...call, origin: `${protocol}://${forwardedHost ?? origin.host}` };
  }

  private believesProxies(): boolean {
    const { version, trustedProxyCidrs } = this.faults;
    if (!version || !trustedProxyCidrs || !isAtLeast(version, [2026, 8])) return true;
    const trusted = new BlockList();
    for (const entry of trustedProxyCidrs.split(",")) {
      const [address = "", mask] = entry.trim().split("/");
      // Authentik does not start with an entry that has no mask.
      if (mask === undefined) throw new Error(`${entry} in trustedProxyCidrs has no /mask`);
      trusted.addSubnet(address, Number(mask), address.includes(":") ? "ipv6" : "ipv4");
    }
    return trusted.check("127.0.0.1");
  }

  /** The answer that a fault gives in the place of the right one. */
  instead(call: Call): Reply | undefined {
    if (this.faults.starting) return html(503, startingPage());
    if (!call.path.endsWith("/.well-known/openid-configuration")) return undefined;
    switch (this.faults.discovery) {
      case "redirect":
        return redirect("/if/flow/default-authentication-flow/");
      case "not-found":
        return html(404, notFoundPage());
      case "html":
        return html(200, startingPage());
      case "error":
        return empty(500);
      default:
        return undefined;
    }
  }

  /** Changes the right answer as the faults want it. */
  spoil(call: Call, reply: Reply): Reply {
    const { issuerWithoutSlash, jwks, version } = this.faults;
    if (reply.status !== 200) return reply;
    if (version && call.path.endsWith("/admin/version/")) {
      const told = JSON.parse(reply.body) as object;
      return { ...reply, body: JSON.stringify({ ...told, version_current: version }) };
    }
    if (issuerWithoutSlash && call.path.endsWith("/.well-known/openid-configuration")) {
      const document = JSON.parse(reply.body) as { issuer: string };
      const issuer = document.issuer.replace(/\/$/, "");
      return { ...reply, body: JSON.stringify({ ...document, issuer }) };
    }
    if (jwks && call.path.endsWith("/jwks/")) {
      const set = JSON.parse(reply.body) as { keys?: object[] };
      const keys = (set.keys ?? []).map((key) => ({ ...key, kid: "another-key" }));
      return { ...reply, body: JSON.stringify(jwks === "empty" ? {} : { keys }) };
    }
    return reply;
  }
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [year = 0, month = 0] = version.split(".").map(Number);
  return year > major || (year === major && month >= minor);
}

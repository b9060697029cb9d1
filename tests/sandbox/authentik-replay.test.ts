/**
 * The sandbox's Authentik answers as a real one did: every exchange that was recorded on Authentik
 * 2026.5.0-rc1 is sent again, in order, and status, type, redirect and body are compared.
 */
import { readFileSync } from "node:fs";
import path from "node:path";

import { reportReplay } from "../support/replayReport";
import { AuthentikProcess } from "./support/authentik";
import type { Exchange, Recording } from "./support/replay";
import { Bindings, differences, toAsk, unfold } from "./support/replay";

/** What differs on purpose: the exchange, where, and why. */
const ON_PURPOSE: readonly { name: RegExp; at: RegExp; why: string }[] = [
  {
    name: /^root-config$/,
    at: /sentry_dsn/,
    why: "the sandbox names no address of a third party to report errors to",
  },
  {
    name: /^(token-exchange|introspect)/,
    at: /\.scope \(order\)$/,
    why: "the order of scopes is a Python set's in Authentik, the request's here",
  },
  {
    name: /-id-token$/,
    at: /header\.typ/,
    why: "oidc-provider does not write the optional typ into ID tokens",
  },
];

/** Compared by likeness, not letter by letter. */
const NORMALISED = [
  "UUIDs, numbers, hashes, secrets, codes and key IDs: any value of that form, bound by first sight",
  "times: within two minutes of the right one",
  "keys and certificates: the sandbox makes its own (RSA 2048 in the place of 4096)",
  "avatars: the same initials, on another colour",
  "HTML pages: that there is one",
];

const recording = JSON.parse(
  readFileSync(path.join(__dirname, "authentik-exchanges.json"), "utf8"),
) as Recording;

/** A part of a JWT; null when it is none. */
function decoded(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString());
  } catch {
    return null;
  }
}

describe("the sandbox's Authentik", () => {
  let authentik: AuthentikProcess;

  beforeAll(async () => {
    authentik = await AuthentikProcess.start();
  }, 30_000);

  afterAll(() => authentik.stop());

  test("answers every recorded exchange as the real one did", async () => {
    const bindings = new Bindings();
    const browsers = new Map<string, string>();
    const report: string[] = [];
    const used = new Set<string>();
    let compared = 0;

    const judge = (exchange: Exchange, found: string[]): void => {
      compared += 1;
      const wrong = found.filter((difference) => {
        const known = ON_PURPOSE.find(
          ({ name, at }) => name.test(exchange.name) && at.test(difference.split(": ")[0] ?? ""),
        );
        if (known) used.add(`${exchange.name}, ${difference.split(": ")[0]}: ${known.why}`);
        return !known;
      });
      if (wrong.length) report.push(`${exchange.name}\n    ${wrong.join("\n    ")}`);
    };

    for (const exchange of unfold(recording)) {
      if (exchange.jwt) {
        const [header, payload] = String(bindings.apply(exchange.jwt)).split(".").map(decoded);
        judge(exchange, [
          ...bindings.compare(exchange.header, header, "header"),
          ...bindings.compare(exchange.payload, payload, "payload"),
        ]);
        continue;
      }
      const cookie = browsers.get(exchange.browser ?? "") ?? "";
      const answer = await authentik.ask(toAsk(exchange, bindings, authentik.token, cookie));
      const set = answer.headers["set-cookie"]?.[0]?.split(";")[0];
      if (exchange.browser && set) browsers.set(exchange.browser, set);
      if (!exchange.setup) judge(exchange, differences(exchange, answer, bindings));
    }

    reportReplay("authentik", {
      compared,
      equal: compared - report.length,
      onPurpose: [...used],
      likeness: NORMALISED,
    });
    expect(report).toEqual([]);
    expect(compared).toBeGreaterThan(190);
  }, 60_000);
});

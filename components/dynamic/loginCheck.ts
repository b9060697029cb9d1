import { isDeepStrictEqual } from "node:util";

import type { CheckInput, CheckResult } from "../../checks/types";
import { hostAccess } from "../hostAccess";
import { warn, withPlainErrors } from "./errors";
import { configure, passwordOf, stack } from "./stack";

// Loaded when they are used: a preview only asks for `diff`, and what speaks SSH and SQL takes long to load.
/* eslint-disable @typescript-eslint/no-require-imports */
const host = (): typeof import("../../checks/host") => require("../../checks/host");
const print = (): typeof import("../../checks/print") => require("../../checks/print");
const run = (): typeof import("../../checks/run") => require("../../checks/run");
/* eslint-enable @typescript-eslint/no-require-imports */

/** How long services may take to come up after a restart, in seconds, before that counts. */
const WAIT_SECONDS = 60;

interface Inputs extends Omit<CheckInput, "authentikUrl" | "readSettings" | "containerStartedAt"> {
  readonly mode: "fail" | "warn";
  readonly login: string;
}

interface State extends Inputs {
  readonly checks: Readonly<Record<string, string>>;
}

async function check(inputs: Inputs, waitSeconds: number): Promise<CheckResult[]> {
  const { authentik, immich, database, restart } = stack();
  const { login: user, settings } = inputs;
  const access = hostAccess({
    immich,
    restart,
    database: { ...database, user, password: await passwordOf(user) },
  });
  const input: CheckInput = {
    ...inputs,
    ...host().hostCallbacks(access, settings),
    authentikUrl: authentik.url,
    authentikToken: authentik.token,
    immichApiUrl: immich.apiUrl,
  };
  return run().runChecks(input, { waitSeconds });
}

/** Runs the checks for a deployment, which fails where a login would. */
async function prove(inputs: Inputs): Promise<State> {
  const checks = await check(inputs, WAIT_SECONDS);
  if (!print().report(checks).ok) {
    const text = print().failureText(checks);
    if (inputs.mode === "fail") throw new Error(text);
    warn([text]);
  }
  return { ...inputs, checks: texts(checks) };
}

/** The results as a person reads them in a preview and among the stack's outputs. */
function texts(checks: readonly CheckResult[]): State["checks"] {
  return Object.fromEntries(
    checks.map(({ id, verdict, seen, fix }) => [
      id,
      verdict === "ok" ? verdict : `${verdict}: ${seen}${fix ? ` | fix: ${fix}` : ""}`,
    ]),
  );
}

function wasBroken(checks: State["checks"]): boolean {
  return Object.values(checks).some((text) => text.startsWith("broken"));
}

/** What Pulumi calls for a `LoginCheck`. */
export const provider = withPlainErrors({
  configure,

  async diff(_id: string, olds: State, news: Inputs) {
    const { checks, ...before } = olds;
    return { changes: wasBroken(checks) || !isDeepStrictEqual(before, { ...news }) };
  },

  async create(inputs: Inputs) {
    return { id: inputs.issuerUrl, outs: await prove(inputs) };
  },

  /** On refresh: how it is now. What is broken is checked again by the next `up`. */
  async read(id: string, props: State) {
    return { id, props: { ...props, checks: texts(await check(props, 0)) } };
  },

  async update(_id: string, _olds: State, news: Inputs) {
    return { outs: await prove(news) };
  },

  async delete() {},
});

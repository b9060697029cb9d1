// Runs every check: each as soon as what it stands on is known, all within a bounded time.
import { accessGroups, authentikReachable, authentikToken } from "./authentik";
import { adminRights } from "./adminRights";
import { catalogue, checkIds, type CheckId } from "./catalogue";
import {
  clientKnown,
  clientSecret,
  redirectUriApp,
  redirectUriExtra,
  redirectUriUserSettings,
  redirectUriWeb,
} from "./client";
import {
  autoRegister,
  containerRestarted,
  hostReachable,
  settingsReadable,
  settingsRow,
  settingsUsable,
} from "./database";
import { factsFor, oneLine, type Facts } from "./facts";
import { clocks, configFile, immichReachable, insecureIssuer, oauthEnabled } from "./immich";
import {
  immichClientId,
  immichDiscovery,
  immichIssuer,
  immichRedirectUri,
  immichScope,
} from "./immichLogin";
import {
  discoveryFound,
  emailClaim,
  issuerEqual,
  issuerReachable,
  scopesOffered,
  signingAlgorithm,
} from "./oidc";
import { logout } from "./logout";
import { idTokenEncryption, redirectUriList } from "./provider";
import { publicAddress } from "./publicAddress";
import { redactor } from "./redact";
import { unknown, type CheckInput, type CheckResult, type Finding, type RunOptions } from "./types";
import { adminWayIn, passwordLoginLockout } from "./wayIn";

const functions: Readonly<Record<CheckId, (facts: Facts) => Promise<Finding>>> = {
  "authentik-reachable": authentikReachable,
  "authentik-token": authentikToken,
  "access-groups": accessGroups,
  "issuer-reachable": issuerReachable,
  "discovery-found": discoveryFound,
  "issuer-equal": issuerEqual,
  "signing-algorithm": signingAlgorithm,
  "scopes-offered": scopesOffered,
  "email-claim": emailClaim,
  "client-known": clientKnown,
  "redirect-uri-list": redirectUriList,
  "redirect-uri-web": redirectUriWeb,
  "redirect-uri-user-settings": redirectUriUserSettings,
  "redirect-uri-app": redirectUriApp,
  "redirect-uri-extra": redirectUriExtra,
  "client-secret": clientSecret,
  "id-token-encryption": idTokenEncryption,
  "immich-reachable": immichReachable,
  "immich-public": publicAddress,
  "config-file": configFile,
  "password-login-lockout": passwordLoginLockout,
  "admin-way-in": adminWayIn,
  "admin-rights": adminRights,
  "oauth-enabled": oauthEnabled,
  "insecure-issuer": insecureIssuer,
  "immich-issuer": immichIssuer,
  "immich-client-id": immichClientId,
  "immich-discovery": immichDiscovery,
  "immich-redirect-uri": immichRedirectUri,
  "immich-scope": immichScope,
  logout,
  clocks,
  "host-reachable": hostReachable,
  "settings-readable": settingsReadable,
  "auto-register": autoRegister,
  "settings-usable": settingsUsable,
  "settings-row": settingsRow,
  "container-restarted": containerRestarted,
};

/** A finding, and the check that keeps everything above it from being asked. */
interface Outcome {
  readonly finding: Finding;
  /** The broken check because of which this one was not asked. */
  readonly blockedBy?: string;
}

/**
 * Runs all checks and answers one result for each, in the catalogue's order. Changes nothing anywhere
 * (Authentik logs the bogus code as a failed token request). Never throws: what can't be asked is
 * "unknown". A broken check makes those that depend on it "unknown", never "broken".
 */
export async function runChecks(
  input: CheckInput,
  options: RunOptions = {},
): Promise<CheckResult[]> {
  const waitMs = (options.waitSeconds ?? 0) * 1000;
  const facts = factsFor(input, {
    waitUntil: Date.now() + waitMs,
    requestMs: (options.requestSeconds ?? 10) * 1000,
    pauseMs: 500,
  });
  const totalMs = (options.totalSeconds ?? 45) * 1000 + waitMs;
  const outOfTime = timer(totalMs);
  const running = new Map<string, Promise<Outcome>>();
  const outcome = (id: CheckId): Promise<Outcome> => {
    const before = running.get(id);
    if (before !== undefined) return before;
    const late = outOfTime.then(() => ({
      finding: unknown(`no result within ${Math.round(totalMs / 1000)} s`),
    }));
    const now = Promise.race([one(id, facts, outcome), late]);
    running.set(id, now);
    return now;
  };
  const open = new Set<string>(checkIds);
  const slow = timer((options.slowSeconds ?? 10) * 1000);
  void slow.then(() => options.onSlow?.(checkIds.filter((id) => open.has(id))));
  const outcomes = await Promise.all(
    checkIds.map((id) => outcome(id).finally(() => open.delete(id))),
  );
  slow.stop();
  outOfTime.stop();
  const redact = redactor(input);
  return checkIds.map((id, index) => result(id, outcomes[index] as Outcome, input, redact));
}

async function one(
  id: CheckId,
  facts: Facts,
  outcome: (id: CheckId) => Promise<Outcome>,
): Promise<Outcome> {
  const entry = catalogue[id];
  const needs = entry.independentWhen?.(facts.input) ? [] : entry.dependsOn;
  const below = await Promise.all(needs.map((need) => outcome(need as CheckId)));
  for (const [index, need] of needs.entries()) {
    const blocker = below[index]?.finding.verdict === "broken" ? need : below[index]?.blockedBy;
    if (blocker !== undefined) return blocked(blocker);
  }
  for (const better of entry.explainedBy ?? []) {
    if ((await outcome(better as CheckId)).finding.verdict === "broken") return blocked(better);
  }
  try {
    return { finding: await functions[id](facts) };
  } catch (error) {
    // A check never lets an error through; should one have a mistake, the others still count.
    return { finding: { verdict: "crashed", seen: `the check itself failed: ${oneLine(error)}` } };
  }
}

function blocked(by: string): Outcome {
  return { finding: unknown(`not asked: ${by} is broken`), blockedBy: by };
}

function result(
  id: CheckId,
  { finding }: Outcome,
  input: CheckInput,
  redact: (text: string) => string,
): CheckResult {
  return {
    id,
    verdict: finding.verdict,
    seen: redact(finding.seen),
    fix: redact(fixOf(id, finding, input)),
    ...(finding.note === undefined ? {} : { note: redact(finding.note) }),
    ...(finding.warning === undefined ? {} : { warning: redact(finding.warning) }),
  };
}

function fixOf(id: CheckId, { verdict, cause, fix }: Finding, input: CheckInput): string {
  if (verdict === "crashed") {
    return "This is a defect of this project: please report it with the line above.";
  }
  if (verdict !== "broken") return "";
  return fix ?? catalogue[id].fixes[cause ?? ""]?.fix(input) ?? "";
}

interface Timer extends Promise<void> {
  stop(): void;
}

function timer(ms: number): Timer {
  let stop = () => {};
  const promise = new Promise<void>((resolve) => {
    const handle = setTimeout(resolve, ms);
    stop = () => clearTimeout(handle);
  });
  return Object.assign(promise, { stop: () => stop() });
}

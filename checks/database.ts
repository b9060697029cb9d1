// The checks on Immich's settings and on its container, through the caller's callbacks.
import { isSecret, keyOf, survives } from "../immich/keys";
import { needsRestart } from "../immich/version";
import { show } from "../immich/validate";
import { resetting } from "./catalogue/entry";
import { oneLine, saying, type Facts } from "./facts";
import { broken, ok, unknown, type CheckInput, type Finding, type Settings } from "./types";

/** Why nothing is asked of Immich's host; undefined where it is used. */
function hostNotUsed({ settingsThrough = "database" }: CheckInput): Finding | undefined {
  if (settingsThrough === "database") return undefined;
  return ok(
    settingsThrough === "api"
      ? "not used: this stack's settings go through Immich's API"
      : "not used: this stack's settings are in Immich's configuration file",
  );
}

/** host-reachable: SSH as a deployment uses it. */
export async function hostReachable(facts: Facts): Promise<Finding> {
  const notUsed = hostNotUsed(facts.input);
  if (notUsed) return notUsed;
  if (facts.input.reachHost === undefined)
    return unknown("not asked: no way to the host was given");
  try {
    await facts.input.reachHost();
    return ok("logged in");
  } catch (error) {
    const { message, next } = saying(error);
    return { ...broken("failed", message), fix: next };
  }
}

/** settings-readable: as a deployment reads them. */
export async function settingsReadable(facts: Facts): Promise<Finding> {
  const row = await facts.row();
  if (row.kind === "not-given") return unknown("not asked: no way to its settings was given");
  if (row.kind === "failed") {
    return { ...broken(row.bad ? "stored" : "failed", row.message), fix: row.next };
  }
  return ok("read");
}

/** auto-register: off is right where it was deployed so. */
export async function autoRegister(facts: Facts): Promise<Finding> {
  const settings = await read(facts);
  if (settings === undefined) return unknown("not asked: no way to its settings was given");
  const wanted = facts.input.settings["oauth.autoRegister"] ?? true;
  if (settings["oauth.autoRegister"] === undefined) return unknown("not among the settings read");
  // To Immich "no" is on, and null off.
  if (settings["oauth.autoRegister"]) return ok("on");
  return wanted === false
    ? ok("off, as deployed: only people with an account in Immich get in")
    : broken(
        "off",
        `oauth.autoRegister is ${String(settings["oauth.autoRegister"])} in Immich's settings, deployed is true`,
      );
}

/** settings-row: every owned key; the values of secrets are never told. */
export async function settingsRow(facts: Facts): Promise<Finding> {
  const settings = await read(facts);
  if (settings === undefined) return unknown("not asked: no way to its settings was given");
  const deployed = facts.input.settings;
  const keys = Object.keys(deployed);
  if (keys.length === 0) return unknown("it is not known what was deployed");
  // What this version of Immich does not know is never written, and not read either.
  const there = keys.filter((key) => settings[key] !== undefined);
  const different = there.filter((key) => settings[key] !== deployed[key]);
  const shown =
    facts.input.settingsThrough === "file" ? ", of those that Immich shows without a login" : "";
  if (different.length === 0) return ok(`${there.length} settings as deployed${shown}`);
  const tell = (key: string) =>
    isSecret(key)
      ? `${key} is not the deployed one`
      : `${key} is ${JSON.stringify(settings[key])}, deployed is ${JSON.stringify(deployed[key])}`;
  return broken("different", different.map(tell).join("; "));
}

/** Settings that have a check of their own. */
const LOOKED_AT_ELSEWHERE = [
  "oauth.issuerUrl",
  "oauth.clientId",
  "oauth.scope",
  "oauth.signingAlgorithm",
  "oauth.allowInsecureRequests",
];

/** settings-usable: those that the stack does not write, each by what a login was seen to survive. */
export async function settingsUsable(facts: Facts): Promise<Finding> {
  const settings = await read(facts);
  if (settings === undefined) return unknown("not asked: no way to its settings was given");
  if (!settings["oauth.enabled"]) return ok("OAuth is off: not looked at");
  const { input } = facts;
  const others = Object.keys(settings).filter(
    (key) => input.settings[key] === undefined && !LOOKED_AT_ELSEWHERE.includes(key),
  );
  const version = await facts.immichVersion();
  const bad = others.filter((key) => !survives(key, settings[key], version));
  if (bad.length === 0) return ok(`${others.length} settings that are not this stack's`);
  const tell = (key: string) =>
    `${key} is ${show(key, settings[key])}; allowed is ${keyOf(key)?.rule.allowed}`;
  return { ...broken("unusable", bad.map(tell).join("; ")), fix: resetting(input, bad) };
}

/** container-restarted: needed before 1.106.3, wanted with `restart: onChange`. */
export async function containerRestarted(facts: Facts): Promise<Finding> {
  const { settingsChangedAt, containerStartedAt } = facts.input;
  const notUsed = hostNotUsed(facts.input);
  if (notUsed) return notUsed;
  if (!settingsChangedAt) return ok("no deployment has changed the settings yet");
  if (containerStartedAt === undefined) {
    return unknown("not asked: no way to the container was given");
  }
  let started: Date;
  try {
    started = await containerStartedAt();
  } catch (error) {
    return unknown(oneLine(error));
  }
  const seen = `started ${started.toISOString()}, settings changed ${settingsChangedAt}`;
  // Said without times when all is well: a refresh shows what was seen, and these change by themselves.
  if (started.getTime() >= Date.parse(settingsChangedAt)) return ok("restarted since");
  if (await restartExpected(facts)) return broken("older", seen);
  return ok("not restarted since, and this version of Immich need not be");
}

async function restartExpected(facts: Facts): Promise<boolean> {
  const policy: CheckInput["restart"] = facts.input.restart ?? "onChange";
  if (policy === "onChange") return true;
  return needsRestart(await facts.immichVersion());
}

async function read(facts: Facts): Promise<Settings | undefined> {
  const row = await facts.row();
  return row.kind === "settings" ? row.settings : undefined;
}

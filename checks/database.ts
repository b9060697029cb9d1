// The checks on Immich's settings in its database and on the container, through the caller's callbacks.
import { oneLine, type Facts } from "./facts";
import { broken, ok, unknown, type CheckInput, type Finding, type Settings } from "./types";
import { atLeast } from "./version";

/** settings-readable: over SSH, as a deployment reads them. */
export async function settingsReadable(facts: Facts): Promise<Finding> {
  const row = await facts.row();
  if (row.kind === "not-given") return unknown("not asked: no way to the database was given");
  if (row.kind === "failed") return broken("failed", row.message);
  return ok("read");
}

/** auto-register: off is right where it was deployed so. */
export async function autoRegister(facts: Facts): Promise<Finding> {
  const settings = await read(facts);
  if (settings === undefined) return unknown("not asked: no way to the database was given");
  const wanted = facts.input.settings["oauth.autoRegister"] ?? true;
  if (settings["oauth.autoRegister"] !== false) return ok("on");
  return wanted === false
    ? ok("off, as deployed: only people with an account in Immich get in")
    : broken("off", "oauth.autoRegister is false in Immich's settings, deployed is true");
}

/** settings-row: every owned key; the values of secrets are never told. */
export async function settingsRow(facts: Facts): Promise<Finding> {
  const settings = await read(facts);
  if (settings === undefined) return unknown("not asked: no way to the database was given");
  const deployed = facts.input.settings;
  const keys = Object.keys(deployed);
  if (keys.length === 0) return unknown("it is not known what was deployed");
  const different = keys.filter((key) => settings[key] !== deployed[key]);
  if (different.length === 0) return ok(`${keys.length} settings as deployed`);
  const tell = (key: string) =>
    /secret/i.test(key)
      ? `${key} is not the deployed one`
      : `${key} is ${show(settings[key])}, deployed is ${show(deployed[key])}`;
  return broken("different", different.map(tell).join("; "));
}

/** container-restarted: needed before 1.106.3, wanted with `restart: onChange`. */
export async function containerRestarted(facts: Facts): Promise<Finding> {
  const { settingsChangedAt, containerStartedAt } = facts.input;
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
  if (started.getTime() >= Date.parse(settingsChangedAt)) return ok(seen);
  if (await needsRestart(facts)) return broken("older", seen);
  return ok(`${seen}: this version reads them without a restart`);
}

async function needsRestart(facts: Facts): Promise<boolean> {
  const policy: CheckInput["restart"] = facts.input.restart ?? "onChange";
  if (policy === "onChange") return true;
  return !atLeast(await facts.immichVersion(), "1.106.3");
}

async function read(facts: Facts): Promise<Settings | undefined> {
  const row = await facts.row();
  return row.kind === "settings" ? row.settings : undefined;
}

function show(value: unknown): string {
  return value === undefined ? "not set" : JSON.stringify(value);
}

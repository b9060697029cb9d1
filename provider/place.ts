/**
 * Where the settings of a deployment are: where the configuration leads now, or where they were written last. A database is
 * told from another one by its `databaseId`; an API does not say which database is behind it, so that the settings
 * themselves tell whether it is the Immich that this stack has set up.
 */
import { sameValue } from "../immich/reading";
import type { Way as Opening } from "../immich/open";
import type { RowState } from "../immich/row";
import type { Previous, Settings, SettingsStore } from "../immich/types";
import { needsRestart } from "../immich/version";
import type { Known, Session } from "../plugin/provider";
import { isObject, same, type Value, type Values } from "../plugin/wire";
import { type Access, databaseIdAt, dropLogin, looking, wayTo } from "./access";
import {
  along,
  type Configuration,
  type DatabaseConfiguration,
  describeWay,
  type Way,
  wayOf,
  waysOut,
} from "./configuration";
import { connections, issuer, row, service as services } from "./late";

/** Which table and which login inputs or a state name. */
export const access = (values: Values): Access => ({
  store: values["store"] as SettingsStore,
  login: values["login"] === "(refused)" ? "" : String(values["login"] ?? ""),
});

/** What a state says of the settings that were written. */
export function rowState(state: Values): RowState {
  const skipped = (state["skipped"] ?? []) as string[];
  const all = { ...(state["settings"] as Settings), ...(state["whereKnown"] as Settings) };
  return {
    settings: Object.fromEntries(Object.entries(all).filter(([key]) => !skipped.includes(key))),
    deployed: state["deployed"] as Settings,
    previous: (state["restores"] ?? {}) as unknown as Previous,
    settingsChangedAt: String(state["settingsChangedAt"]),
    immichVersion: String(state["immichVersion"] ?? ""),
    skipped,
  };
}

/**
 * How the settings of a state are reached. After a move that was refused, the configuration that Pulumi keeps of this
 * provider leads elsewhere already.
 *
 * @throws Error where neither way leads to them
 */
export async function placeOf(configuration: Configuration, state: Values): Promise<Configuration> {
  const { databaseId: id } = state;
  const way = wayOfState(state);
  if (!way || typeof id !== "string" || configuration.databaseMovedFrom === id)
    return configuration;
  if (same(way as unknown as Value, wayOf(configuration) as unknown as Value)) return configuration;
  if (configuration.api || way.api !== undefined) {
    const former =
      configuration.api && configuration.former && way.api === undefined
        ? along(way, configuration.former)
        : undefined;
    try {
      const context = await wayTo(configuration, access(state));
      if (await hasOurs(context, rowState(state))) return configuration;
    } catch (error) {
      if (!former) throw error;
    }
    if (former) return former;
    throw new Error(notFound(way, wayOf(configuration), id));
  }
  try {
    if ((await databaseIdAt(configuration, access(state).store)) === id) return configuration;
  } catch {
    // Not reached by its new name: then perhaps by the one that it had.
  }
  return along(way, configuration);
}

/**
 * Makes way for settings that are to be written elsewhere than before: what another database still has is taken back.
 *
 * @returns whether what is on record is still to be gone by: given the way to where they are written now
 * @throws Error where that can't be done
 */
export async function leaveFormer(
  configuration: Configuration,
  { state }: Known,
  inputs: Values,
  session: Session,
): Promise<(context: Opening) => Promise<boolean>> {
  const way = wayOfState(state);
  const [before, now] = [state["databaseId"], inputs["databaseId"]];
  refuseToLeaveLogin(configuration, state, inputs);
  const isHere = typeof before !== "string" || before === now;
  if (isHere || configuration.databaseMovedFrom === before || !way) return async () => true;
  if (configuration.api || way.api !== undefined)
    return async (context) => {
      if (await hasOurs(context, rowState(state))) return true;
      throw new Error(notFound(way, wayOf(configuration), before));
    };
  await takeBack(along(way, configuration), state, inputs, session);
  return (context) => hasAll(context, rowState(state));
}

/** The role that this stack has made is dropped by Pulumi, over SSH, when all else is done. */
function refuseToLeaveLogin(configuration: Configuration, state: Values, inputs: Values): void {
  const { login } = access(state);
  if (!configuration.api || configuration.former || login === "" || access(inputs).login === login)
    return;
  const stack = configuration.api.stack ?? "NAME";
  throw new Error(
    `This stack has a PostgreSQL login of its own, ${login}, which is dropped over SSH, and SSH is no longer configured. ` +
      `Nothing was touched.\n` +
      `  drop it:                  leave the ssh and postgres keys in the configuration for this one up, and take them out afterwards\n` +
      `  SSH is gone for good:     npm run forget -- login --stack ${stack}`,
  );
}

/** Whether the Immich there is the one that this stack has set up: it has our client secret, or, without one, all of it. */
async function hasOurs(context: Opening, known: RowState): Promise<boolean> {
  const secret = "oauth.clientSecret";
  if (!Object.hasOwn(known.deployed, secret)) return hasAll(context, known);
  const found = await row().readSettings(context, [secret]);
  return found[secret] === known.deployed[secret];
}

/** Whether what is there has our settings already: Immich was moved here with its data. */
async function hasAll(context: Opening, { deployed }: RowState): Promise<boolean> {
  const found = await row().readSettings(context, Object.keys(deployed));
  return Object.entries(deployed).every(([key, value]) => sameValue(found[key], value));
}

function notFound(before: Way, now: Way, id: string): string {
  return (
    `The settings that this stack has written (${describeWay(before)}) are not those of ${describeWay(now)}: it is another ` +
    `Immich, or somebody has changed its OAuth client since. Nothing was changed there.\n${waysOut(id)}`
  );
}

function wayOfState({ way }: Values): Way | undefined {
  return isObject(way) ? (way as unknown as Way) : undefined;
}

/** Puts the earlier database's settings back, and takes the login away that was made there. */
async function takeBack(
  old: DatabaseConfiguration,
  state: Values,
  inputs: Values,
  session: Session,
): Promise<void> {
  const [before, now] = [String(state["databaseId"]), String(inputs["databaseId"])];
  try {
    await putBack(old, state, session);
    const needed =
      access(state).login === access(inputs).login && before.split("/")[0] === now.split("/")[0];
    for (const warning of await dropLogin(old, access(state), needed))
      session.log("warning", warning);
  } catch (error) {
    throw new Error(
      `The database that this stack has set up before (${describeWay(wayOf(old))}; ${before}) still has its settings, ` +
        `and they can't be taken back: ${(error as Error).message}\n${waysOut(before)}`,
      { cause: error },
    );
  }
  await restartAfterwards(old, state, session);
  session.log("info", `Immich's settings in ${describeWay(wayOf(old))} are as they were before`);
}

/** Puts back what was there before this stack. */
export async function putBack(
  configuration: Configuration,
  state: Values,
  session: Session,
): Promise<void> {
  const before = rowState(state);
  const { previous, warnings } = await issuer().withoutDeadIssuer(
    before.previous,
    before.deployed,
    state["clientStays"] === true,
  );
  const { done } = await looking(configuration, access(state), (context) =>
    row().deleteRow(context, { ...before, previous }),
  );
  for (const warning of [...warnings, ...done.warnings]) session.log("warning", warning);
}

/** Restarts Immich where the stack's policy says so. That it fails keeps nobody from taking the stack away. */
export async function restartAfterwards(
  configuration: Configuration,
  state: Values,
  session: Session,
): Promise<void> {
  const policy = state["restartOnDelete"];
  const version = String(state["immichVersion"] ?? "") || undefined;
  // What is saved through its API Immich uses at once.
  if (configuration.api || policy === "never") return;
  if (policy !== "always" && !needsRestart(version)) return;
  const { runtime, composeDirectory: directory, composeService: service } = configuration;
  try {
    const timeoutSeconds = Number(state["restartTimeoutSeconds"] ?? 120);
    const ssh = await connections().shared(configuration.ssh);
    await services().restartService(ssh, { runtime, directory, service, timeoutSeconds });
  } catch (error) {
    session.log(
      "warning",
      `Immich's settings are back, but Immich was not restarted. ${(error as Error).message}`,
    );
  }
}

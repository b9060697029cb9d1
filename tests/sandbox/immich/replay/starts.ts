/** Starts of Immich with given settings: those that complain, and those that fail. */
import type { JsonObject } from "../../../../sandbox/immich/merge";
import type { Start } from "../exchanges";
import { post } from "../login";
import type { Normaliser } from "../normalise";
import { type RunningImmich, startImmich } from "../server";
import { type Stage, WEB } from "./stage";

/** What the public API shows; `api` is its path in this version. */
export async function look(url: string, api: string, normal: Normaliser) {
  const json = async (path: string) => (await (await fetch(`${url}${path}`)).json()) as JsonObject;
  const { status, body } = await normal.answer(
    await fetch(`${url}/api/oauth/authorize`, post({ redirectUri: WEB })),
  );
  return {
    features: await json(`${api}/features`),
    button: (await json(`${api}/config`))["oauthButtonText"],
    authorize: { status, body },
  };
}

/** Starts an Immich and compares what it does. Undefined when it doesn't start. */
export async function compareStart(
  { comparison, normal }: Stage,
  start: Start,
  options: { databaseUrl: string; version?: string; configFile?: string },
): Promise<RunningImmich | undefined> {
  let immich: RunningImmich;
  try {
    immich = await startImmich({ ...options, admin: false });
  } catch (error) {
    comparison.equal(`${start.name}, starts`, false, start.starts);
    const log = start.log.map((text) => text.trim());
    comparison.equal(`log of ${start.name}`, lastWords(error), log);
    return undefined;
  }
  comparison.equal(`${start.name}, starts`, true, start.starts);
  const complaints = normal.log(immich.log()).filter((line) => !line.startsWith("LOG "));
  comparison.equal(`log of ${start.name}`, [...new Set(complaints)], start.log);
  const old = options.version !== undefined;
  const seen = await look(immich.url, old ? "/api/server-info" : "/api/server", normal);
  const { oauth, oauthAutoLaunch, passwordLogin, configFile } = seen.features;
  const features = old ? oauth : { oauth, oauthAutoLaunch, passwordLogin, configFile };
  comparison.equal(`${start.name}, features`, features, start.features);
  if (start.button !== undefined) {
    comparison.equal(`${start.name}, button`, seen.button, start.button);
  }
  comparison.equal(`${start.name}, authorize`, seen.authorize, start.authorize);
  return immich;
}

/** The words with which a server that doesn't start dies, without its stack. */
function lastWords(error: unknown): string[] {
  const log = (error as { log?: string }).log ?? String(error);
  const words = /^\w*(?:Error|Exception): [\s\S]*?(?=\n\s+at |(?![\s\S]))/m.exec(log)?.[0] ?? log;
  return [words.trim()];
}

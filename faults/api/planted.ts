/**
 * Writers with a defect, to see that the harness finds them: what a program does that takes Immich's API for a place to
 * put its own settings.
 */
import type { Way } from "../../immich/open";
import type { RowState, Wanted } from "../../immich/row";
import { realWriter, type Writer } from "../operations";

type Document = Record<string, Record<string, unknown>>;

/** Sends the defaults and the settings that it knows: what else somebody has set is gone. */
export const forgetfulWriter: Writer = writerThat(async (ask) => {
  const { json: defaults } = await ask("GET", "/defaults");
  return defaults;
});

/** Takes what it read before the save for what is there, and its own save for done. */
export const blindWriter: Writer = writerThat(async (ask) => {
  const { json: document } = await ask("GET", "");
  // Time in which somebody else may save.
  await ask("GET", "/defaults");
  return document;
});

type Ask = (method: string, path: string, body?: object) => Promise<{ json: Document }>;

/** A writer that changes the document that it `starts` from, sends it, and does not look at what became of it. */
function writerThat(starts: (ask: Ask) => Promise<Document>): Writer {
  const write = async (context: Way, { settings, previous }: Wanted): Promise<RowState> => {
    if (context.store !== "api") throw new TypeError("this one writes through the API");
    const { url, key } = context.api;
    const ask: Ask = async (method, path, body) => {
      const response = await fetch(`${url}/api/system-config${path}`, {
        method,
        headers: { "x-api-key": key, "content-type": "application/json" },
        signal: AbortSignal.timeout(context.timeouts?.answerMs ?? 20_000),
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      return { json: (await response.json()) as Document };
    };
    const document = await starts(ask);
    for (const [name, value] of Object.entries(settings)) {
      const [section = "", setting = ""] = name.split(".");
      document[section] = { ...document[section], [setting]: value };
    }
    await ask("PUT", "", document).catch(() => undefined);
    const settingsChangedAt = new Date().toISOString();
    const state = { settings, deployed: settings, previous, settingsChangedAt };
    return { ...state, immichVersion: "", skipped: [] };
  };
  return { ...realWriter, create: write, update: write };
}

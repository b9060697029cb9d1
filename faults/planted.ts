/**
 * A writer with a defect, to see that the harness finds it: it saves setting by setting, each for itself, as the
 * hand-written tutorial did, instead of all in one transaction.
 */
import { reach } from "../immich/reach";
import type { Way } from "../immich/open";
import type { RowState, Wanted } from "../immich/row";
import { realWriter, type Writer } from "./operations";

async function write(context: Way, { settings, previous }: Wanted): Promise<RowState> {
  if (context.store === "api") throw new TypeError("this one writes into the database");
  await reach(context, async ({ db }) => {
    for (const [key, value] of Object.entries(settings)) {
      if (context.store === "system_config") {
        await db.query(
          `INSERT INTO system_config VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
          [key, JSON.stringify(value)],
        );
      } else {
        await db.query(
          `INSERT INTO system_metadata VALUES ('system-config', '{}') ON CONFLICT DO NOTHING`,
        );
        await db.query(
          `UPDATE system_metadata SET value = jsonb_set(value, '{oauth}', coalesce(value->'oauth', '{}') || $1::jsonb)
            WHERE key = 'system-config'`,
          [JSON.stringify({ [key.split(".")[1] ?? ""]: value })],
        );
      }
    }
  });
  const settingsChangedAt = new Date().toISOString();
  return {
    settings,
    deployed: settings,
    previous,
    settingsChangedAt,
    immichVersion: "",
    skipped: [],
  };
}

/** Reads and deletes as it should; creates and updates without a transaction. */
export const plantedWriter: Writer = {
  ...realWriter,
  create: write,
  update: (context, wanted) => write(context, wanted),
};

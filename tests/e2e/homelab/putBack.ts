/** Removes what tests made in a homelab, and puts back what was there before them. */
import { findScript } from "../../../ssh/composeScript";
import { until } from "../running";
import { settingsOf } from "./before";
import type { Homelab } from "./homelab";
import { type Inventory, type Json, KINDS } from "./inventory";

/**
 * Makes a homelab as it was. Only what carries the run's prefix is removed: whatever else is new is somebody else's.
 *
 * @param before as `lookAt` found it
 * @param prefix what the names of the run's objects begin with
 * @throws Error with everything that could not be done; the rest is done
 */
export async function putBack(homelab: Homelab, before: Inventory, prefix: string): Promise<void> {
  const problems: string[] = [];
  const attempt = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      problems.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  await attempt("what the tests made in Immich's database", () => dropOurs(homelab, prefix));
  await attempt("Immich's settings", () => putBackSettings(homelab, before));
  await attempt("Immich's users", () => removePeople(homelab, before, prefix));
  for (const [path, [name]] of KINDS)
    if (name !== undefined)
      await attempt(`Authentik's ${path}`, () => removeOurs(homelab, before, path, name, prefix));
  if (problems.length > 0) throw new Error(problems.join("\n"));
}

async function putBackSettings(homelab: Homelab, { settings }: Inventory): Promise<void> {
  const now = await settingsOf(homelab);
  if (JSON.stringify(now) === JSON.stringify(settings)) return;
  for (const [table, rows] of Object.entries(settings)) {
    const mine = table === "system_metadata" ? "key = 'system-config'" : "true";
    const type = table === "system_metadata" ? "jsonb" : "text";
    // One statement: the settings are at no time without what they had.
    await homelab.sql(
      `WITH wanted AS (SELECT key, value FROM unnest($1::text[], $2::text[]) AS given (key, value)),
         gone AS (DELETE FROM public.${table} WHERE ${mine} AND key NOT IN (SELECT key FROM wanted))
       INSERT INTO public.${table} (key, value) SELECT key, value::${type} FROM wanted
       ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
      [Object.keys(rows), Object.values(rows)],
    );
  }
  await restart(homelab);
}

/** Immich keeps settings in memory: it has to read them anew. */
async function restart(homelab: Homelab): Promise<void> {
  const { restart: service, database } = homelab.config;
  const script = `${findScript({ ...service, runtime: database.runtime })}
${database.runtime} restart $ids >/dev/null`;
  const { code, stderr } = await homelab.exec(script);
  if (code !== 0) throw new Error(`they are back, but Immich can't be restarted: ${stderr}`);
  await immichAnswers(homelab);
}

/** Waits until Immich answers. */
export async function immichAnswers(homelab: Homelab): Promise<void> {
  const answers = () =>
    fetch(`${homelab.immich.apiUrl}/api/server/ping`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until("Immich answers after its restart", answers, 180);
}

async function dropOurs(homelab: Homelab, prefix: string): Promise<void> {
  const like = prefix.replace(/_/g, "\\_");
  const found = await homelab.sql<{ drop: string }>(
    `SELECT format('DROP FUNCTION %s CASCADE', oid::regprocedure) AS drop FROM pg_proc
       WHERE pronamespace = 'public'::regnamespace AND proname LIKE $1
     UNION ALL SELECT format('DROP OWNED BY %I; DROP ROLE %I', rolname, rolname) FROM pg_roles WHERE rolname LIKE $2`,
    [`${like}%`, `immich\\_sso\\_${like}%`],
  );
  for (const { drop } of found) await homelab.sql(drop);
}

async function removePeople(
  homelab: Homelab,
  { people }: Inventory,
  prefix: string,
): Promise<void> {
  const ours = async () =>
    (await homelab.immichApi<Json[]>("GET", "admin/users?withDeleted=true")).filter(
      ({ email }) => String(email).startsWith(prefix) && !people.includes(String(email)),
    );
  const found = await ours();
  for (const { id } of found)
    await homelab.immichApi("DELETE", `admin/users/${String(id)}`, { force: true });
  // Immich does it in the background.
  if (found.length > 0)
    await until("Immich has removed the users", async () => (await ours()).length === 0, 120);
}

async function removeOurs(
  homelab: Homelab,
  before: Inventory,
  path: string,
  name: string,
  prefix: string,
): Promise<void> {
  const plain = path.replace(/\?.*/, "");
  // Applications and tokens are addressed by their names.
  const key = plain === "core/applications/" || plain === "core/tokens/" ? name : "pk";
  for (const one of await homelab.list(path)) {
    if (!String(one[name]).startsWith(prefix)) continue;
    if (before.authentik[path]?.[String(one["pk"])] !== undefined) continue;
    await homelab.api("DELETE", `${plain}${encodeURIComponent(String(one[key]))}/`);
  }
}

// The checks that ask Immich what it tells anybody: is it there, is OAuth on, can one get in at all.
import { atLeast, needsRestart } from "../immich/version";
import { oneLine, type Facts } from "./facts";
import { describe, field, isComingUp } from "./http";
import { broken, ok, unknown, type Finding } from "./types";

/** immich-reachable: answers the ping, and is able to tell its features. */
export async function immichReachable(facts: Facts): Promise<Finding> {
  const reply = await facts.immich("ping");
  const at = `GET ${reply.url}: ${describe(reply)}`;
  if (reply.kind === "failure") {
    return broken(reply.why === "tls" ? "bad-certificate" : "no-answer", at);
  }
  if (isComingUp(reply) && reply.status !== 404) return broken("starting", at);
  if (reply.status !== 200 || field(reply.json, "res") !== "pong") return broken("not-immich", at);
  // A settings row that Immich can't read leaves the ping alone and breaks this.
  const features = await facts.immich("features");
  if (features.kind === "answer" && features.status >= 500) {
    return broken(
      "failing",
      `GET ${features.url}: ${describe(features)}: ${message(features.json)}`,
    );
  }
  const version = await facts.immichVersion();
  return ok(`${at}${version === undefined ? "" : `, Immich ${version}`}`);
}

/** config-file: features.configFile; where Immich does not say, its container's environment does. */
export async function configFile(facts: Facts): Promise<Finding> {
  const features = await facts.immich("features");
  const said = features.kind === "answer" ? field(features.json, "configFile") : undefined;
  const wanted = facts.input.settingsThrough === "file";
  if (typeof said === "boolean")
    return fromFile(
      said,
      wanted,
      `Immich says that it ${said ? "runs" : "does not run"} from a file`,
    );
  const unsaid = `GET ${features.url}: ${describe(features)}`;
  if (facts.input.configFileInUse === undefined) return unknown(unsaid);
  try {
    const seen = await facts.input.configFileInUse();
    if (seen !== undefined)
      return fromFile(seen, wanted, "Immich's container has IMMICH_CONFIG_FILE");
    return unknown(`${unsaid}; its container can't be looked at`);
  } catch (error) {
    return unknown(`${unsaid}; ${oneLine(error)}`);
  }
}

function fromFile(inUse: boolean, wanted: boolean, seen: string): Finding {
  if (inUse === wanted) return ok(wanted ? seen : "settings come from the database");
  return broken(inUse ? "in-use" : "not-in-use", seen);
}

/** oauth-enabled: as Immich itself says, not as its database does. */
export async function oauthEnabled(facts: Facts): Promise<Finding> {
  const { oauth, seenAt } = await doors(facts);
  if (oauth === undefined) return unknown(`${seenAt} does not say`);
  if (oauth) return ok("OAuth is on");
  const row = await facts.row();
  const onInRow = row.kind === "settings" && Boolean(row.settings["oauth.enabled"]);
  const cached = onInRow && needsRestart(await facts.immichVersion());
  return cached
    ? broken("stale", `${seenAt}: OAuth is off, though Immich's settings have it on`)
    : broken("off", `${seenAt}: OAuth is off`);
}

/** insecure-issuer: since 3.0 an http issuer needs oauth.allowInsecureRequests. */
export async function insecureIssuer(facts: Facts): Promise<Finding> {
  if (!facts.input.issuerUrl.startsWith("http:")) return ok("the issuer is https");
  const version = await facts.immichVersion();
  if (version === undefined) return unknown("Immich does not tell its version");
  if (!atLeast(version, "3.0.0")) return ok(`Immich ${version} allows http`);
  const row = await facts.row();
  const settings = { ...facts.input.settings, ...(row.kind === "settings" ? row.settings : {}) };
  if (facts.input.settingsThrough === "file" && !("oauth.allowInsecureRequests" in settings))
    return unknown("oauth.allowInsecureRequests in Immich's file: Immich does not show it");
  return settings["oauth.allowInsecureRequests"] === true
    ? ok(`Immich ${version} was told to allow http`)
    : broken(
        "not-allowed",
        `Immich ${version}, issuer ${facts.input.issuerUrl}, oauth.allowInsecureRequests is off`,
      );
}

/** clocks: Immich refuses an ID token that has expired by its own clock. */
export async function clocks(facts: Facts): Promise<Finding> {
  const [ours, theirs] = [await facts.immich("ping"), await facts.discovery()];
  const immich = ours.kind === "answer" ? ours.aheadSeconds : undefined;
  const authentik = theirs.kind === "answer" ? theirs.aheadSeconds : undefined;
  if (immich === undefined || authentik === undefined) return unknown("no Date header was sent");
  const ahead = immich - authentik;
  return ahead > 300
    ? broken("apart", `Immich's clock is ${ahead} s ahead of Authentik's`)
    : ok("they agree");
}

/** What is on: /api/public/config from 3.2, whose makers mean to drop the other, else features. */
export async function doors(
  facts: Facts,
): Promise<{ oauth?: boolean; passwordLogin?: boolean; seenAt: string }> {
  const newer = await facts.immich("public-config");
  const enabled = newer.kind === "answer" ? field(newer.json, "oauth", "enabled") : undefined;
  if (newer.kind === "answer" && typeof enabled === "boolean") {
    const password = field(newer.json, "passwordLogin", "enabled");
    return {
      oauth: enabled,
      passwordLogin: typeof password === "boolean" ? password : undefined,
      seenAt: `GET ${newer.url}`,
    };
  }
  const older = await facts.immich("features");
  const oauth = older.kind === "answer" ? field(older.json, "oauth") : undefined;
  const password = older.kind === "answer" ? field(older.json, "passwordLogin") : undefined;
  return {
    oauth: flag(oauth),
    passwordLogin: flag(password),
    seenAt: `GET ${older.url}`,
  };
}

/** A switch as Immich sends it; 1.105 passes a stored "true" on as text. */
function flag(value: unknown): boolean | undefined {
  if (typeof value === "string") return value !== "";
  return typeof value === "boolean" ? value : undefined;
}

/** What Immich says in an error, word for word. */
export function message(json: unknown): string {
  const text = field(json, "message");
  return Array.isArray(text) ? text.join("; ") : String(text ?? "no message");
}

// What goes into the login checks and what comes out of them.
import type { Admin } from "../immich/admins";
import type { StoreName } from "../immich/types";

/** Immich's settings as dotted keys ("oauth.clientId"), the form that immich/ reads and writes. */
export type Settings = Readonly<Record<string, string | number | boolean | null>>;

/**
 * ok: as it should be, or not asked for by this stack. broken: seen to be wrong. unknown: could not
 * be asked, because something it stands on is broken or because the caller gave no way to ask.
 * crashed: the check itself has a defect; it says nothing about the homelab.
 */
export type Verdict = "ok" | "broken" | "unknown" | "crashed";

/** One line of the doctor's table. Its texts never hold a secret. */
export interface CheckResult {
  /** The stable id, a key of the catalogue. */
  readonly id: string;
  readonly verdict: Verdict;
  /** What was asked and what came back, in one line. */
  readonly seen: string;
  /** What to do, with the very command or config key; empty unless "broken" or "crashed". */
  readonly fix: string;
  /** What somebody should know besides while anything else is broken. */
  readonly note?: string;
  /** What is as this stack asks for, and may take somebody by surprise: said with each deployment. */
  readonly warning?: string;
}

/** Where Immich's containers run: only used to write commands into the fixes. */
export interface ImmichHost {
  /** What follows `ssh`, e.g. "hermes-admin@192.168.40.22" or "-p 29022 root@127.0.0.1". */
  readonly ssh: string;
  /** The folder of Immich's compose file. Default "/opt/immich". */
  readonly composeDirectory?: string;
  /** The service in it that is Immich's server. Default "immich-server". */
  readonly composeService?: string;
  /** "docker", "podman" or one of them behind `sudo -n`. Default "docker". */
  readonly containerRuntime?: string;
  /** Where Immich's settings are stored. Default: as in Immich's own compose file. */
  readonly postgres?: {
    readonly container: string;
    readonly database: string;
    readonly user: string;
    readonly store: StoreName;
  };
}

/** All that the checks need to know. Everything but the callbacks can go through JSON. */
export interface CheckInput {
  /** Authentik's address as the API is reached, config `authentik:url`. */
  readonly authentikUrl: string;
  /** A token for Authentik's API (secret). Without one, what only the API can tell is "unknown". */
  readonly authentikToken?: string;
  /** Authentik's address in a browser, config `authentikPublicUrl`. Default: authentikUrl. */
  readonly authentikPublicUrl?: string;
  /** The application's slug, e.g. "immich". */
  readonly applicationSlug: string;
  /** The issuer that Immich was given, with the slash at its end. */
  readonly issuerUrl: string;
  readonly clientId: string;
  /** The client secret that was deployed (secret). Without one, it can't be tried. */
  readonly clientSecret?: string;
  /** The scopes Immich is to ask for, e.g. ["openid", "email", "profile"]. */
  readonly scopes: readonly string[];
  /** Every redirect URI that Authentik is to accept. */
  readonly redirectUris: readonly string[];
  /** The algorithm that ID tokens are to be signed with. Default "RS256", which Immich expects. */
  readonly signingAlgorithm?: string;
  /** Immich's origin in a browser, and in the phone app. */
  readonly immichUrl: string;
  /** Where Authentik is to tell Immich of the end of a session. Default: nowhere. */
  readonly logoutUri?: string;
  /** Immich's address as the checks reach it. Default: immichUrl. */
  readonly immichApiUrl?: string;
  /** Names of the Authentik groups that may log in. Default: none, everybody may. */
  readonly accessGroups?: readonly string[];
  /** Groups whose members alone are told to be administrators of Immich. Default: nobody's rights are taken away. */
  readonly soleAdminGroups?: readonly string[];
  /** The settings that were deployed, owned keys only (oauth.clientSecret is a secret). */
  readonly settings: Settings;
  /** When a deployment last changed the settings: ISO 8601. Without it, no restart is expected. */
  readonly settingsChangedAt?: string;
  /** The stack's restart policy. Default "onChange". */
  readonly restart?: "onChange" | "whenNeeded" | "never";
  /** Whether password login is to be on: what is about to be applied. Default: it stays as it is. */
  readonly passwordLogin?: boolean;
  /** The stack's name, for the commands in the fixes. */
  readonly stack?: string;
  /** How Immich's settings are reached. With `api` and `file`, SSH and the container are not used. Default "database". */
  readonly settingsThrough?: "database" | "api" | "file";
  readonly host?: ImmichHost;
  /** Logs in to Immich's host over SSH. An Error tells why it can't. */
  readonly reachHost?: () => Promise<void>;
  /** Reads Immich's settings, defaults merged in. An Error tells why it can't. */
  readonly readSettings?: () => Promise<Settings>;
  /** When Immich's container was last started. An Error tells why it can't be known. */
  readonly containerStartedAt?: () => Promise<Date>;
  /** Whether Immich's container has IMMICH_CONFIG_FILE; undefined where that can't be seen. */
  readonly configFileInUse?: () => Promise<boolean | undefined>;
  /** Immich's administrators; undefined where the Postgres login may not see them. An Error tells why it can't be known. */
  readonly immichAdmins?: () => Promise<readonly Admin[] | undefined>;
}

/** How the checks get at Immich's settings and its host. */
export type ImmichAccess = Pick<
  CheckInput,
  | "settingsThrough"
  | "reachHost"
  | "readSettings"
  | "containerStartedAt"
  | "configFileInUse"
  | "immichAdmins"
  | "host"
>;

/** How patient a run is. */
export interface RunOptions {
  /**
   * Seconds to wait for services that are coming up (refused, 502, 503, 504) before that counts.
   * Default 0: doctor tells what is so now; a deployment waits.
   */
  readonly waitSeconds?: number;
  /** Seconds for one request. Default 10. */
  readonly requestSeconds?: number;
  /** Seconds for the whole run on top of waitSeconds; what is still open then is "unknown". Default 45. */
  readonly totalSeconds?: number;
  /** Told once, `slowSeconds` after the start, of the checks that have no result yet. Default: nobody is told. */
  readonly onSlow?: (ids: readonly string[]) => void;
  /** Default 10. */
  readonly slowSeconds?: number;
}

/** What a check function answers: its result without id and fix, which the catalogue gives. */
export interface Finding {
  readonly verdict: Verdict;
  readonly seen: string;
  /** Which of the catalogue's fixes applies; only with "broken". */
  readonly cause?: string;
  /** What to do, where whoever found the fault knows it better than the catalogue. */
  readonly fix?: string;
  /** What somebody should know besides while anything else is broken. */
  readonly note?: string;
  /** What is as this stack asks for, and may take somebody by surprise: said with each deployment. */
  readonly warning?: string;
}

/** As it should be; `seen` says what was seen. */
export function ok(seen: string): Finding {
  return { verdict: "ok", seen };
}

/** Can't be said; `seen` says why. */
export function unknown(seen: string): Finding {
  return { verdict: "unknown", seen };
}

/** Wrong; `cause` is a key of the check's fixes in the catalogue. */
export function broken(cause: string, seen: string): Finding {
  return { verdict: "broken", seen, cause };
}

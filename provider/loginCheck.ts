/**
 * `immich:index:LoginCheck`: proves that a login would work, without anybody's password, and names what is in the way where
 * it would not. Runs when anything it depends on has changed, on refresh, and again while the login is not proven.
 */
import type { CheckInput, CheckResult, ImmichAccess } from "../checks/types";
import type { StoreName } from "../immich/types";
import { ProviderError, type Resource } from "../plugin/provider";
import { UNKNOWN, type Values } from "../plugin/wire";
import { inputChanges } from "./compare";
import type { Configuration } from "./configuration";
import { apiChecks, checks, fileChecks, host, print } from "./late";

/** How long services may take to come up after a restart, in seconds, before that counts. */
const WAIT_SECONDS = 60;

/**
 * What the checks run again for. Not for `logoutUri`: it comes and goes with whether Immich could be asked for its version,
 * and where it is new the settings have changed too.
 */
const INPUTS = [
  "mode",
  "authentikUrl",
  "authentikToken",
  "authentikPublicUrl",
  "applicationSlug",
  "issuerUrl",
  "clientId",
  "clientSecret",
  "scopes",
  "redirectUris",
  "immichUrl",
  "accessGroups",
  "soleAdminGroups",
  "settings",
  "settingsChangedAt",
  "passwordLogin",
  "store",
  "restart",
  "stack",
];

/** Makes the resource. */
export function loginCheck(configured: () => Configuration): Resource {
  return {
    secrets: ["clientSecret", "authentikToken"],
    notImported:
      "there is nothing of it outside the stack. Declare it: `pulumi up` runs the checks.",

    check(news) {
      const inputs: Values = { mode: "fail", store: "system_metadata", ...news };
      if (configured().api && inputs["store"] !== "file") inputs["store"] = "api";
      const required = ["authentikUrl", "issuerUrl", "clientId", "immichUrl", "settings"];
      const failures = required
        .filter((key) => inputs[key] === undefined)
        .map((property) => ({ property, reason: "is required" }));
      if (!["fail", "warn", UNKNOWN].includes(String(inputs["mode"])))
        failures.push({ property: "mode", reason: "allowed: fail, warn" });
      return { inputs, failures };
    },

    diff({ oldInputs, state }, inputs) {
      const difference = inputChanges(oldInputs, inputs, INPUTS);
      if (state["ok"] === true) return difference;
      return { ...difference, changes: { ...difference.changes, checks: "update" } };
    },

    previewCreate: (inputs) => ({ ...inputs, ok: UNKNOWN, checks: UNKNOWN }),
    previewUpdate: (_known, inputs) => ({ ...inputs, ok: UNKNOWN, checks: UNKNOWN }),

    async create(_about, inputs, session) {
      return { id: String(inputs["issuerUrl"]), state: await prove(inputs, session.log) };
    },

    /** How it is now. What is broken is checked again by the next `up`. */
    async read({ id, oldInputs, state }) {
      const results = await check(configured(), oldInputs, 0);
      return { id, inputs: oldInputs, state: { ...state, ...outcome(results) } };
    },

    update: (_known, inputs, session) => prove(inputs, session.log),

    async delete() {},
  };

  /** Runs the checks for a deployment, which fails where a login would. */
  async function prove(
    inputs: Values,
    log: (severity: "warning", message: string) => void,
  ): Promise<Values> {
    const results = await check(configured(), inputs, WAIT_SECONDS);
    const found = outcome(results);
    for (const { warning } of results) if (warning !== undefined) log("warning", warning);
    if (found["ok"] !== true) {
      const isWaiting =
        inputs["store"] === "file" &&
        results.filter(isBroken).every(({ id }) => SEEN_IN_FILE.includes(id));
      if (inputs["mode"] === "fail" && !isWaiting)
        throw new ProviderError(print().failureText(results));
      log("warning", print().failureText(results));
    }
    return { ...inputs, ...found };
  }
}

function check(
  configuration: Configuration,
  inputs: Values,
  waitSeconds: number,
): Promise<CheckResult[]> {
  const given = inputs as unknown as CheckInput;
  const apiUrl =
    (configuration.api ? configuration.api.url : configuration.apiUrl) ?? given.immichUrl;
  const input: CheckInput = {
    ...given,
    ...(inputs["store"] === "file"
      ? fileChecks().fileCallbacks(apiUrl)
      : accessFor(configuration, given.settings, inputs["store"] as StoreName)),
    immichApiUrl: configuration.api ? configuration.api.url : configuration.apiUrl,
  };
  return checks().runChecks(input, { waitSeconds });
}

const isBroken = ({ verdict }: CheckResult): boolean => verdict === "broken";

/** What is broken while Immich's file is not yet as this stack wants it: somebody changes it after the `up`. */
const SEEN_IN_FILE = [
  "config-file",
  "settings-row",
  "oauth-enabled",
  "insecure-issuer",
  "immich-issuer",
  "immich-client-id",
  "immich-scope",
];

/** How the checks get at Immich's settings. */
function accessFor(
  configuration: Configuration,
  owned: CheckInput["settings"],
  store: StoreName,
): ImmichAccess {
  if (configuration.api) return apiChecks().apiCallbacks(configuration.api, owned);
  const { ssh, runtime, composeDirectory, composeService, apiUrl } = configuration;
  return host().hostCallbacks(
    {
      ssh,
      runtime,
      compose: { directory: composeDirectory, service: composeService },
      postgres: { ...configuration, store },
      immichApiUrl: apiUrl,
    },
    owned,
  );
}

/** The results as a person reads them in a preview and among the stack's outputs. */
function outcome(results: readonly CheckResult[]): Values {
  const texts = results.map(({ id, verdict, seen, fix }) => [
    id,
    verdict === "ok" ? verdict : `${verdict}: ${seen}${fix ? ` | fix: ${fix}` : ""}`,
  ]);
  return {
    ok: print().report(results).ok,
    checks: Object.fromEntries(texts) as Record<string, string>,
  };
}

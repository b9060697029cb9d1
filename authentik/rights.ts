/**
 * Which rights a token has. Authentik does not tell a user its own permissions, but it looks at them before
 * it looks at anything else: a list that may not be seen, and an empty request to make something, are refused
 * with 403 (authentik/rbac/permissions.py, filters.py), and an empty request is refused with 400 by whoever
 * may make something. So nothing is made, whatever the answer.
 */
import type { AuthentikApi } from "./api";
import { isDenied } from "./api";

/** What is going to be done besides making a provider and an application. */
export interface Intent {
  readonly slug: string;
  /** Whether groups are looked up, and bound. */
  readonly groups: boolean;
  /** Whether scope mappings are made. */
  readonly scopeMappings: boolean;
}

interface Need {
  /** App label and model, as Authentik names its permissions: `authentik_core.application`. */
  readonly model: string;
  /** Answers 403 to whoever may not see such objects. */
  readonly see: string;
  /** Where such objects are made, where that is needed. */
  readonly make?: string;
}

function needs({ slug, groups, scopeMappings }: Intent): readonly Need[] {
  const providers = "providers/oauth2/";
  const mappings = "propertymappings/provider/scope/";
  const bindings = "policies/bindings/";
  return [
    { model: "authentik_providers_oauth2.oauth2provider", see: providers, make: providers },
    // The list of applications shows everybody their own.
    {
      model: "authentik_core.application",
      see: `core/applications/${encodeURIComponent(slug)}/`,
      make: "core/applications/",
    },
    { model: "authentik_flows.flow", see: "flows/instances/" },
    { model: "authentik_crypto.certificatekeypair", see: "crypto/certificatekeypairs/" },
    {
      model: "authentik_providers_oauth2.scopemapping",
      see: mappings,
      ...(scopeMappings ? { make: mappings } : {}),
    },
    {
      model: "authentik_policies.policybinding",
      see: bindings,
      ...(groups ? { make: bindings } : {}),
    },
    ...(groups ? [{ model: "authentik_core.group", see: "core/groups/" }] : []),
  ];
}

/** The permissions that are needed and missing, in Authentik's words: `authentik_core.add_application`. */
export async function missingRights(api: AuthentikApi, intent: Intent): Promise<readonly string[]> {
  const empty = { method: "POST", body: "{}" } as const;
  const found = await Promise.all(
    needs(intent).map(async ({ model, see, make }) => {
      const [seen, made] = await Promise.all([
        api.askOnce(`${see}${see.includes("?") ? "&" : "?"}page_size=1`),
        make === undefined ? undefined : api.askOnce(make, empty),
      ]);
      const missing = [
        ...(isDenied(seen) ? ["view"] : []),
        ...(made && isDenied(made) ? ["add", "change", "delete"] : []),
      ];
      return missing.map((right) => model.replace(".", `.${right}_`));
    }),
  );
  return found.flat();
}

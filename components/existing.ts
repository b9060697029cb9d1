/**
 * What is in Authentik already, before something is made or changed there: somebody's, and then it stays,
 * or left by a deployment that was killed before it could write it down, and then it is made again.
 *
 * Ours is only what a client secret that this stack generated (nobody else has it) and every other field prove
 * to be ours. With a secret from the configuration a person may have made the very same thing by hand.
 */
import type { AuthentikApi, Fields } from "../authentik/api";
import { type Commands, howTo } from "../authentik/before";
import {
  BINDING,
  BINDING_AS_MADE,
  differences,
  type Inputs,
  SCOPE_MAPPING,
  WHOLE_APPLICATION,
  WHOLE_PROVIDER,
} from "../authentik/differences";
import { application, bindings, providerWhere, scopeMapping } from "../authentik/objects";

/** How something is about to be made or changed. */
export interface Circumstances {
  /** Nothing is removed. */
  readonly preview: boolean;
  /** Whether the client secret is one that this stack generated. */
  readonly generated: boolean;
  readonly commands: Commands;
  /** Shows a message to the user. */
  readonly say: (text: string) => void;
}

/**
 * Makes room for a provider: none of its name or client ID may be there.
 * @param inputs of the provider that is to be made.
 * @throws Error for the user, where somebody else's is.
 */
export async function roomForProvider(
  api: AuthentikApi,
  inputs: Inputs,
  circumstances: Circumstances,
): Promise<void> {
  const found = await providerWhere(api, "name", String(inputs["name"]));
  if (!found) return freeClientId(api, inputs, circumstances.commands);
  const ours =
    circumstances.generated &&
    found.application === undefined &&
    found.clientSecret !== "" &&
    found.clientSecret === inputs["clientSecret"] &&
    differences(WHOLE_PROVIDER, found.fields, inputs).length === 0;
  const what = `provider named ${found.name}`;
  if (!ours) throw new Error(somebodys(`a ${what}`, "providerName", circumstances.commands));
  await makeAgain(api, what, `providers/oauth2/${found.id}/`, circumstances);
}

/** The same for an application: ours belongs to the provider we made, and nobody gave it anything else. */
export async function roomForApplication(
  api: AuthentikApi,
  inputs: Inputs,
  circumstances: Circumstances,
): Promise<void> {
  const slug = String(inputs["slug"]);
  const found = await application(api, slug);
  if (!found) return;
  const ours =
    circumstances.generated &&
    found.provider !== undefined &&
    found.provider.id === inputs["protocolProvider"] &&
    differences(WHOLE_APPLICATION, found.fields, inputs).length === 0 &&
    (await bindings(api, found.id)).length === 0;
  const what = `application with the slug ${slug}`;
  if (!ours) throw new Error(somebodys(`an ${what}`, "slug", circumstances.commands));
  await makeAgain(api, what, `core/applications/${encodeURIComponent(slug)}/`, circumstances);
}

/** The same for a scope mapping: ours does the same, and no provider uses it yet. */
export async function roomForScopeMapping(
  api: AuthentikApi,
  inputs: Inputs,
  circumstances: Circumstances,
): Promise<void> {
  const name = String(inputs["name"]);
  const found = await scopeMapping(api, name);
  if (!found) return;
  const what = `scope mapping named "${name}"`;
  const ours =
    circumstances.generated &&
    !found.inUse &&
    differences(SCOPE_MAPPING, found.fields, inputs).length === 0;
  if (!ours)
    throw new Error(
      `Authentik has a ${what} already, made by hand or by another stack.\n` +
        `  if nobody needs it:  delete it, under Customization > Property Mappings\n` +
        `  or use another:      ${howTo(circumstances.commands, "scopeMappings")}`,
    );
  await makeAgain(api, what, `propertymappings/provider/scope/${found.id}/`, circumstances);
}

/** Says that a binding is there already; Authentik would take a second one without a word. */
export async function sayDoubles(
  api: AuthentikApi,
  inputs: Inputs,
  { say }: Circumstances,
): Promise<void> {
  if (typeof inputs["target"] !== "string") return; // a preview, of an application that is not there yet
  const there = await bindings(api, inputs["target"]);
  if (there.some((one) => does(one, inputs)))
    say(
      "Authentik has this policy binding already, left by a killed deployment: no second one stays.",
    );
}

/** Removes what does exactly the same as the binding that was made: until then nobody is let in by mistake. */
export async function removeDoubles(api: AuthentikApi, id: string, inputs: Inputs): Promise<void> {
  const there = await bindings(api, String(inputs["target"]));
  const doubles = there.filter((one) => one["pk"] !== id && does(one, inputs));
  for (const one of doubles) await api.remove(`policies/bindings/${String(one["pk"])}/`);
}

/** Refuses a change of a provider to a name or client ID that another one has. */
export async function refuseTakenProvider(
  api: AuthentikApi,
  id: string,
  inputs: Inputs,
  commands: Commands,
): Promise<void> {
  const named = await providerWhere(api, "name", String(inputs["name"]));
  if (named && String(named.id) !== id)
    throw new Error(somebodys(`a provider named ${named.name}`, "providerName", commands));
  await freeClientId(api, inputs, commands, id);
}

/** Refuses a change of an application to a slug that another one has. */
export async function refuseTakenSlug(
  api: AuthentikApi,
  slug: string,
  commands: Commands,
): Promise<void> {
  if (await application(api, slug))
    throw new Error(
      `Authentik has an application with the slug ${slug} already, made by hand or by another stack.\n` +
        `  use another:  ${howTo(commands, "slug")}`,
    );
}

/** Whether a binding does what one with these inputs does. */
function does(one: Fields, inputs: Inputs): boolean {
  return differences(BINDING, one, { ...BINDING_AS_MADE, ...inputs }).length === 0;
}

async function makeAgain(
  api: AuthentikApi,
  what: string,
  path: string,
  { preview, say }: Circumstances,
): Promise<void> {
  say(
    `Authentik has the ${what} already, exactly as this stack makes it: a killed deployment left it. ` +
      `It is removed and made again.`,
  );
  if (!preview) await api.remove(path);
}

async function freeClientId(
  api: AuthentikApi,
  inputs: Inputs,
  commands: Commands,
  own?: string,
): Promise<void> {
  const clientId = String(inputs["clientId"]);
  const other = await providerWhere(api, "client_id", clientId);
  if (!other || String(other.id) === own) return;
  throw new Error(
    `Authentik has the client ID ${clientId} already, in the provider "${other.name}".\n` +
      `  use another:        ${howTo(commands, "clientId")}\n` +
      `  or take that over:  set its name, ${howTo(commands, "providerName")}; then ${howTo(commands, "adopt")}`,
  );
}

function somebodys(what: string, argument: string, commands: Commands): string {
  return (
    `Authentik has ${what} already, made by hand or by another stack.\n` +
    `  take it over:     ${howTo(commands, "adopt")}\n` +
    `  or use another:   ${howTo(commands, argument)}`
  );
}

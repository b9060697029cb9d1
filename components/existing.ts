import * as pulumi from "@pulumi/pulumi";

import type { AuthentikApi } from "../authentik";

type Inputs = Record<string, unknown>;

/** Looks, before a provider is made in Authentik, whether there is room for it. */
export function beforeProvider(
  name: string,
  authentik: AuthentikApi | undefined,
): pulumi.ResourceHookBinding | undefined {
  return authentik && before(`${name}-provider-exists`, authentik, roomForProvider);
}

/** The same for the application. */
export function beforeApplication(
  name: string,
  authentik: AuthentikApi | undefined,
): pulumi.ResourceHookBinding | undefined {
  return authentik && before(`${name}-application-exists`, authentik, roomForApplication);
}

/** The same for the scope mapping. */
export function beforeScopeMapping(
  name: string,
  authentik: AuthentikApi | undefined,
): pulumi.ResourceHookBinding | undefined {
  return authentik && before(`${name}-role-exists`, authentik, roomForScopeMapping);
}

/**
 * Whether a provider of that name or client ID is there already.
 *
 * One with the very secret we are about to give it, and with no application yet, is our own, left by a
 * deployment that was killed before it could write it down: it is removed and made again. Any other was
 * made by hand: the deployment stops, in the preview already, and says how to take it over.
 *
 * @param inputs of the provider that is to be made.
 * @param preview nothing is removed.
 * @throws Error for the user.
 */
export async function roomForProvider(
  authentik: AuthentikApi,
  inputs: Inputs,
  preview: boolean,
): Promise<void> {
  const wanted = String(inputs["name"]);
  const clientId = String(inputs["clientId"]);
  const found = await authentik.provider(wanted);
  if (!found) {
    const other = await authentik.providerOfClient(clientId);
    if (other) throw new Error(otherName(clientId, other.name));
    return;
  }
  const ours = found.clientSecret !== "" && found.clientSecret === inputs["clientSecret"];
  if (!ours || found.application !== undefined)
    throw new Error(handMade("a provider named", wanted, "providerName"));
  if (!preview) await authentik.remove(`providers/oauth2/${found.id}/`);
}

/**
 * The same for the application with that slug: our own is the one that belongs to the provider we made,
 * and that nobody gave anything else.
 */
export async function roomForApplication(
  authentik: AuthentikApi,
  inputs: Inputs,
  preview: boolean,
): Promise<void> {
  const slug = String(inputs["slug"]);
  const found = await authentik.application(slug);
  if (!found) return;
  const ours =
    found.provider !== undefined &&
    found.provider.id === inputs["protocolProvider"] &&
    found.name === inputs["name"] &&
    !found.adorned;
  if (!ours) throw new Error(handMade("an application with the slug", slug, "applicationSlug"));
  if (!preview) await authentik.remove(`core/applications/${encodeURIComponent(slug)}/`);
}

/** The same for the scope mapping of that name: our own does the same, and no provider uses it yet. */
export async function roomForScopeMapping(
  authentik: AuthentikApi,
  inputs: Inputs,
  preview: boolean,
): Promise<void> {
  const wanted = String(inputs["name"]);
  const found = await authentik.scopeMapping(wanted);
  if (!found) return;
  const ours =
    !found.inUse &&
    found.scopeName === inputs["scopeName"] &&
    found.expression.trim() === String(inputs["expression"]).trim();
  if (!ours)
    throw new Error(
      `Authentik has a scope mapping named "${wanted}" already, made by hand or by another stack.\n` +
        `  if nobody needs it:  delete it, under Customization > Property Mappings\n` +
        `  or use another:      npx pulumi config set applicationName NAME`,
    );
  if (!preview) await authentik.remove(`propertymappings/provider/scope/${found.id}/`);
}

interface Settled {
  promise(): Promise<unknown>;
}

function before(
  name: string,
  authentik: AuthentikApi,
  look: (authentik: AuthentikApi, inputs: Inputs, preview: boolean) => Promise<void>,
): pulumi.ResourceHookBinding {
  const hook = new pulumi.ResourceHook(
    name,
    async ({ newInputs }) =>
      look(authentik, await plain(newInputs ?? {}), pulumi.runtime.isDryRun()),
    { onDryRun: true },
  );
  return { beforeCreate: [hook] };
}

/**
 * A hook's inputs, secrets unwrapped; they stay within the hook. `apply` would never call back for a
 * value that a preview does not know yet.
 */
async function plain(inputs: Inputs): Promise<Inputs> {
  const entries = Object.entries(inputs).map(async ([key, value]) => [
    key,
    pulumi.Output.isInstance(value) ? await (value as unknown as Settled).promise() : value,
  ]);
  return Object.fromEntries(await Promise.all(entries));
}

function handMade(what: string, value: string, key: string): string {
  return (
    `Authentik has ${what} ${value} already, made by hand or by another stack.\n` +
    `  take it over:     npm run adopt -- --stack ${pulumi.getStack()}\n` +
    `  or use another:   npx pulumi config set ${key} NAME`
  );
}

function otherName(clientId: string, name: string): string {
  return (
    `Authentik has the client ID ${clientId} already, in the provider "${name}".\n` +
    `  take it over:     npx pulumi config set providerName "${name}", then npm run adopt -- --stack ${pulumi.getStack()}\n` +
    `  or use another:   npx pulumi config set clientId ID`
  );
}

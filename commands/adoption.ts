/** Which of the two objects made by hand in Authentik a stack can take over. Pure. */
import type { ExistingApplication, ExistingProvider } from "../authentik/objects";

type FoundProvider = Pick<ExistingProvider, "id" | "name" | "application">;
type FoundApplication = Pick<ExistingApplication, "slug" | "name" | "provider">;

/** What the stack's configuration asks for, and what there is. */
export interface Situation {
  readonly authentikUrl: string;
  readonly providerName: string;
  readonly clientId: string;
  readonly slug: string;
  /** As it is to be typed after `--stack`. */
  readonly stack: string;
  /** In Authentik: the provider of that name, or else the one with that client ID. */
  readonly provider?: FoundProvider;
  /** In Authentik: the application with that slug. */
  readonly application?: FoundApplication;
  /** In the stack's state: number of its provider. */
  readonly ownProvider?: string;
  /** In the stack's state: slug of its application. */
  readonly ownApplication?: string;
}

/** What is to be done. */
export type Adoption =
  | { readonly kind: "nothing"; readonly message: string }
  | { readonly kind: "refusal"; readonly message: string }
  | {
      readonly kind: "take";
      readonly provider?: FoundProvider;
      readonly application?: FoundApplication;
    };

/** Decides what can be taken over. */
export function decide(situation: Situation): Adoption {
  const { provider, application, ownProvider, ownApplication } = situation;
  const problem = contradiction(situation);
  if (problem !== undefined) return { kind: "refusal", message: problem };
  const { providerName, slug, authentikUrl, stack } = situation;
  if (!provider && !application)
    return {
      kind: "nothing",
      message:
        `Nothing to take over: Authentik at ${authentikUrl} has no provider named ${providerName} and no ` +
        `application with the slug ${slug}.\n` +
        `  make them:                    npx pulumi up --stack ${stack}\n` +
        `  they have other names there:  npx pulumi config set --stack ${stack} providerName NAME (or applicationSlug SLUG)`,
    };
  const take = {
    ...(provider && ownProvider === undefined ? { provider } : {}),
    ...(application && ownApplication === undefined ? { application } : {}),
  };
  if (!take.provider && !take.application)
    return {
      kind: "nothing",
      message: `Nothing to take over: what Authentik at ${authentikUrl} has is in the stack ${stack} already.`,
    };
  return { kind: "take", ...take };
}

/** Why what there is can't be what the stack is to have; undefined where it can. */
function contradiction(situation: Situation): string | undefined {
  const { providerName, clientId, slug, stack, provider, application } = situation;
  const { ownProvider, ownApplication } = situation;
  const set = `npx pulumi config set --stack ${stack}`;
  const again = `, then npm run adopt -- --stack ${stack}`;
  if (provider && ownProvider !== undefined && ownProvider !== String(provider.id))
    return forgotten(`provider ${providerName}`, ownProvider, String(provider.id), stack);
  if (application && ownApplication !== undefined && ownApplication !== application.slug)
    return (
      `The stack ${stack} has the application ${ownApplication}, and is to have ${slug}, which is there already.\n` +
      `  keep the stack's:  ${set} applicationSlug ${ownApplication}\n` +
      `  or give way:       delete the application ${slug} in Authentik`
    );
  if (provider && provider.name !== providerName && ownProvider === undefined)
    return (
      `Authentik has no provider named ${providerName}, but the client ID ${clientId} in the provider "${provider.name}".\n` +
      `  take that over:  ${set} providerName "${provider.name}"${again}\n` +
      `  or use another:  ${set} clientId ID`
    );
  const owner = application?.provider;
  if (owner && owner.id !== provider?.id && String(owner.id) !== ownProvider)
    return (
      `The application ${slug} belongs to the provider "${owner.name}" (number ${owner.id}), not to ${providerName}.\n` +
      `  take both over:           ${set} providerName "${owner.name}"${again}\n` +
      `  or leave them be:         ${set} applicationSlug SLUG`
    );
  const owned = provider?.application;
  if (owned !== undefined && owned !== slug && owned !== ownApplication)
    return (
      `The provider ${providerName} belongs to the application ${owned}, not to ${slug}.\n` +
      `  take both over:           ${set} applicationSlug ${owned}${again}\n` +
      `  or leave them be:         ${set} providerName NAME`
    );
  return undefined;
}

function forgotten(what: string, own: string, found: string, stack: string): string {
  return (
    `The stack ${stack} remembers the ${what} as number ${own}; in Authentik it is number ${found} now: somebody deleted it and made it anew.\n` +
    `  forget what is gone:   npx pulumi refresh --stack ${stack}\n` +
    `  then take it over:     npm run adopt -- --stack ${stack}`
  );
}

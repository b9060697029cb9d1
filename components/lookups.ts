/**
 * What Authentik has already and this program only refers to. A thing that is not there is told with
 * the configuration key that names it.
 */
import * as authentik from "@pulumi/authentik";
import * as pulumi from "@pulumi/pulumi";

import { refusal } from "./refusal";

/** The UUID of the flow with this slug; a flow of another designation is refused. */
export function flowId(
  slug: string,
  designation: "authorization" | "invalidation",
  parent: pulumi.Resource,
): pulumi.Output<string> {
  const mend = `npx pulumi config set ${designation}Flow SLUG`;
  return looked(`flow with the slug ${slug}`, mend, parent, async () => {
    const flow = await authentik.getFlow({ slug }, { parent });
    if (flow.designation === designation) return flow.id;
    throw refusal(
      `Authentik's flow ${slug} is of designation "${flow.designation}"; it must be "${designation}".\n` +
        `  set another:  ${mend}`,
      parent,
    );
  });
}

/** The UUID of a certificate. Its private half stays in Authentik (`fetchKey: false`). */
export function signingKeyId(name: string, parent: pulumi.Resource): pulumi.Output<string> {
  const options = { name, fetchKey: false, fetchCertificate: false };
  const mend = 'npx pulumi config set signingKey "NAME"';
  const id = looked(`certificate named ${name}`, mend, parent, async () => {
    const pair = await authentik.getCertificateKeyPair(options, { parent });
    return pair.id;
  });
  return pulumi.unsecret(id); // the answer has room for a private key, its id is no secret
}

/** The UUIDs of Authentik's own mappings of these scopes. */
export function scopeMappingIds(
  scopes: readonly string[],
  parent: pulumi.Resource,
): pulumi.Output<string[]> {
  const managedLists = scopes.map((scope) => `goauthentik.io/providers/oauth2/scope-${scope}`);
  const what = `scope mapping of its own for each of the scopes ${scopes.join(", ")}`;
  return looked(what, 'npx pulumi config set scopes "openid email profile"', parent, async () => {
    const found = await authentik.getPropertyMappingProviderScope({ managedLists }, { parent });
    return found.ids ?? [];
  });
}

/** The UUID of a group. */
export function groupId(name: string, parent: pulumi.Resource): pulumi.Output<string> {
  const mend = `npx pulumi config set --path 'accessGroups[0]' NAME, or make the group`;
  return looked(`group named ${name}`, mend, parent, async () => {
    const group = await authentik.getGroup({ name, includeUsers: false }, { parent });
    return group.id;
  });
}

function looked<T>(
  what: string,
  mend: string,
  parent: pulumi.Resource,
  look: () => Promise<T>,
): pulumi.Output<T> {
  const found = look().catch((error: unknown) => {
    if (pulumi.ResourceError.isInstance(error)) throw error;
    const text = error instanceof Error ? error.message : String(error);
    const reason = text.replace(/^.*invocation of \S+ returned an error: /s, "");
    throw refusal(
      `Authentik has no ${what}, or did not tell: ${reason}\n  set another:  ${mend}`,
      parent,
    );
  });
  return pulumi.output(found) as pulumi.Output<T>;
}

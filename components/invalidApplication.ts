/** What an application behind Authentik can't be. */
import type * as pulumi from "@pulumi/pulumi";

import { redirectUriProblem } from "../config";
import { refusal } from "./refusal";

/** Characters that Authentik keeps of a client ID or secret. */
const LONGEST = 255;

/** Refuses what Authentik would accept without a word, or in a message of its own, all of it at once. */
export function refuseInvalid(
  texts: {
    readonly slug: string;
    readonly clientId: string;
    readonly applicationName: string;
    readonly clientSecret?: string;
  },
  redirectUris: readonly string[],
  resource: pulumi.Resource,
): void {
  const { slug, clientId, applicationName, clientSecret } = texts;
  const problems: string[] = [];
  if (redirectUris.length === 0)
    problems.push(
      "redirectUris: empty; at least one is needed, or Authentik trusts the first it sees",
    );
  redirectUris.forEach((uri, index) => {
    const allowed = redirectUriProblem(uri);
    if (allowed)
      problems.push(`redirectUris[${index}]: ${JSON.stringify(uri)}; allowed: ${allowed}`);
  });
  if (clientSecret === "") problems.push("clientSecret: empty; leave it out to have one made");
  if (clientSecret !== undefined && clientSecret.length > LONGEST)
    problems.push(`clientSecret: ${clientSecret.length} characters; allowed: at most ${LONGEST}`);
  if (clientId === "" || clientId.length > LONGEST)
    problems.push(`clientId: ${clientId.length} characters; allowed: 1 to ${LONGEST}`);
  if (!/^[-a-zA-Z0-9_]+$/.test(slug))
    problems.push(`slug: ${JSON.stringify(slug)}; allowed: letters, digits, - and _`);
  if (problems.length > 0)
    throw refusal(
      `The application ${applicationName} can't be made like this:\n  ${problems.join("\n  ")}`,
      resource,
    );
}

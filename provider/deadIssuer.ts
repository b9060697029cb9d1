import { request } from "../checks/http";
import type { Previous, Settings } from "../immich/types";

/** What to put back, and a sentence for the user where that is not what was recorded. */
export interface PutBack {
  readonly previous: Previous;
  readonly warnings: readonly string[];
}

/**
 * What is put back instead of what was recorded, where that would send users to an OAuth client that is no more, or with
 * a secret that is no longer its own.
 *
 * Where the client of before is the one that was deployed (made by hand, and taken over), it goes with this stack or it
 * stays. Then its secret is the one that it has now.
 *
 * Where several stacks set up one Immich, what was there before one of them can be what another had
 * written, which has been destroyed since. To put that back would send users to an application that is
 * no more: where Authentik says so (its discovery document is gone, 404), Immich's defaults are put back
 * in the place of the recorded OAuth settings.
 *
 * @param previous what was recorded.
 * @param deployed what was deployed over it.
 * @param clientStays whether the deployed OAuth client stays when the stack goes.
 * @returns what to put back. Nobody but the Authentik of the deployed issuer is asked.
 */
export async function withoutDeadIssuer(
  previous: Previous,
  deployed: Settings,
  clientStays: boolean,
): Promise<PutBack> {
  const isOurs = (key: string) => previous[key]?.present && previous[key].value === deployed[key];
  if (isOurs("oauth.issuerUrl") && isOurs("oauth.clientId"))
    return clientStays ? withSecretOfNow(previous, deployed) : withoutClient(previous, deployed);
  const [authentik] = String(deployed["oauth.issuerUrl"] ?? "").split("/application/o/");
  const issuer = previous["oauth.issuerUrl"]?.value;
  const isAnother = typeof issuer === "string" && issuer !== deployed["oauth.issuerUrl"];
  if (!isAnother || !authentik || !issuer.startsWith(`${authentik}/application/o/`))
    return { previous, warnings: [] };
  const discovery = `${issuer.replace(/\/*$/, "/")}.well-known/openid-configuration`;
  const reply = await request(discovery);
  if (reply.kind !== "answer" || reply.status !== 404) return { previous, warnings: [] };
  return {
    previous: withoutOauth(previous),
    warnings: [
      `Immich's settings before this stack were those of ${issuer}, which Authentik no longer has (another stack, ` +
        `destroyed since?). Immich's defaults were put in their place: login with OAuth is off.`,
    ],
  };
}

function withSecretOfNow(previous: Previous, deployed: Settings): PutBack {
  const key = "oauth.clientSecret";
  const [before, value] = [previous[key], deployed[key]];
  if (typeof value !== "string" || !before?.present || before.value === value)
    return { previous, warnings: [] };
  const now = { present: true, value, text: JSON.stringify(value) };
  return {
    previous: { ...previous, [key]: now },
    warnings: [
      `Immich's settings before this stack were those of the same OAuth client, which stays in Authentik. They are put ` +
        `back, ${key} as it is now: the client's secret was changed since.`,
    ],
  };
}

function withoutClient(previous: Previous, deployed: Settings): PutBack {
  return {
    previous: withoutOauth(previous),
    warnings: [
      `Immich's settings before this stack were those of the OAuth client ${deployed["oauth.clientId"]}, which goes with ` +
        `the stack. Immich's defaults were put in their place: login with OAuth is off.`,
    ],
  };
}

/** With Immich's defaults for every setting of OAuth. */
function withoutOauth(previous: Previous): Previous {
  const entries = Object.entries(previous).map(([key, value]) => [
    key,
    key.startsWith("oauth.")
      ? { ...value, present: false, value: undefined, text: undefined }
      : value,
  ]);
  return Object.fromEntries(entries);
}

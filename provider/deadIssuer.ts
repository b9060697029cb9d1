import { request } from "../checks/http";
import type { Previous, Settings } from "../immich/types";

/** What to put back, and a sentence for the user where that is not what was recorded. */
export interface PutBack {
  readonly previous: Previous;
  readonly warnings: readonly string[];
}

/**
 * Where several stacks set up one Immich, what was there before one of them can be what another had
 * written, which has been destroyed since. To put that back would send users to an application that is
 * no more: where Authentik says so (its discovery document is gone, 404), Immich's defaults are put back
 * in the place of the recorded OAuth settings.
 *
 * @param previous what was recorded.
 * @param deployed what was deployed over it.
 * @returns what to put back. Nobody but the Authentik of the deployed issuer is asked.
 */
export async function withoutDeadIssuer(previous: Previous, deployed: Settings): Promise<PutBack> {
  const [authentik] = String(deployed["oauth.issuerUrl"] ?? "").split("/application/o/");
  const issuer = previous["oauth.issuerUrl"]?.value;
  const isAnother = typeof issuer === "string" && issuer !== deployed["oauth.issuerUrl"];
  if (!isAnother || !authentik || !issuer.startsWith(`${authentik}/application/o/`))
    return { previous, warnings: [] };
  const discovery = `${issuer.replace(/\/*$/, "/")}.well-known/openid-configuration`;
  const reply = await request(discovery);
  if (reply.kind !== "answer" || reply.status !== 404) return { previous, warnings: [] };
  const entries = Object.entries(previous).map(([key, value]) => [
    key,
    key.startsWith("oauth.")
      ? { ...value, present: false, value: undefined, text: undefined }
      : value,
  ]);
  return {
    previous: Object.fromEntries(entries),
    warnings: [
      `Immich's settings before this stack were those of ${issuer}, which Authentik no longer has (another stack, ` +
        `destroyed since?). Immich's defaults were put in their place: login with OAuth is off.`,
    ],
  };
}

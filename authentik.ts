import type { AuthentikConfig } from "./config";

/** How long Authentik may take to answer, in milliseconds. */
const ANSWER_TIMEOUT = 10_000;

/**
 * Asks Authentik's API who we are, before anything else is done: a wrong address or token is told in
 * one message instead of one for each resource.
 *
 * @throws Error that names the address, what came back and what to check.
 */
export async function refuseUnreachable({ url, token }: AuthentikConfig): Promise<void> {
  const asked = `${url}/api/v3/core/users/me/`;
  const advice = [
    `  is Authentik running, and is this its address?  npx pulumi config set authentik:url URL`,
    `  does this machine reach it?                     curl -i ${url}/-/health/ready/`,
  ].join("\n");
  let response: Response;
  try {
    response = await fetch(asked, {
      headers: { authorization: `Bearer ${token}` },
      redirect: "manual",
      signal: AbortSignal.timeout(ANSWER_TIMEOUT),
    });
  } catch (error) {
    throw new Error(`Authentik can't be reached at ${url}: ${reason(error)}\n${advice}`);
  }
  await response.body?.cancel();
  if (response.status === 401 || response.status === 403)
    throw new Error(
      `Authentik at ${url} does not accept the API token (HTTP ${response.status}).\n` +
        `  make one in Authentik:  Directory, Tokens and App passwords, intent "API Token"\n` +
        `  set it:                 npx pulumi config set --secret authentik:token`,
    );
  if (!response.ok)
    throw new Error(
      `Authentik's API does not answer at ${asked} (HTTP ${response.status}).\n${advice}`,
    );
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return `no answer within ${ANSWER_TIMEOUT / 1000} s`;
  const cause: unknown = error.cause;
  if (cause instanceof AggregateError && cause.errors[0] instanceof Error)
    return cause.errors[0].message;
  return cause instanceof Error ? cause.message : error.message;
}

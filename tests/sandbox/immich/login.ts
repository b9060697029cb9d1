/** A login as a browser and the provider make it, step by step. */
import { createHash } from "node:crypto";
import type { Flow } from "./exchanges";
import type { Normaliser } from "./normalise";

/** What came of a login. */
export interface Outcome {
  readonly authorize: Flow["authorize"];
  readonly returned?: Flow["returned"];
  readonly callback?: Flow["callback"];
  /** Cookies that a browser would have afterwards, for requests that follow. */
  readonly cookies: string;
}

/** What a login needs. */
export interface Stage {
  readonly immich: string;
  readonly normal: Normaliser;
  /** Cookies of somebody who is logged in already, for links. */
  readonly session?: string;
  /** Done while the person is at the provider. */
  readonly meanwhile?: () => Promise<void>;
}

const APP_VERIFIER = "a-verifier-that-the-app-keeps-to-itself-0123456789";

/** Goes the whole way; never throws for what Immich or the provider refuse. */
export async function logIn(flow: Flow, stage: Stage): Promise<Outcome> {
  const { immich, normal } = stage;
  const byApp = flow.how === "app-pkce";
  const start = await fetch(`${immich}/api/oauth/authorize`, {
    ...post({
      redirectUri: flow.redirectUri,
      ...(byApp
        ? {
            state: "st123",
            codeChallenge: createHash("sha256").update(APP_VERIFIER).digest("base64url"),
          }
        : {}),
    }),
  });
  const jar = cookiesOf(start);
  const departure = (await start.clone().json()) as { url?: string };
  const authorize = await normal.answer(start);
  if (departure.url === undefined) return { authorize, cookies: "" };

  const back = await visit(departure.url);
  if (typeof back !== "string") return { authorize, returned: back, cookies: "" };
  await stage.meanwhile?.();
  const finish = await fetch(
    `${immich}/api/oauth/${flow.how === "link" ? "link" : "callback"}`,
    post(
      { url: tamper(back, flow), ...(byApp ? { state: "st123", codeVerifier: APP_VERIFIER } : {}) },
      flow.how === "no-cookies" || byApp ? "" : [jar, stage.session].filter(Boolean).join("; "),
    ),
  );
  const cookies = cookiesOf(finish);
  return { authorize, returned: normal.text(back), callback: await normal.answer(finish), cookies };
}

/** Follows the provider's redirects, with its cookies, to the address that is no longer its own. */
async function visit(start: string): Promise<string | { refused: number; error: string }> {
  const origin = new URL(start).origin;
  const jar = new Map<string, string>();
  let url = start;
  for (;;) {
    const response = await fetch(url, {
      redirect: "manual",
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; ") },
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [name = "", value = ""] = (cookie.split(";")[0] ?? "").split(/=(.*)/);
      jar.set(name, value);
    }
    const location = response.headers.get("location");
    if (location === null) {
      const page = await response.text();
      const error = /error<\/strong>:?\s*(\w+)|"error":"(\w+)"|\berror: (\w+)/.exec(page);
      return { refused: response.status, error: error?.slice(1).find(Boolean) ?? page };
    }
    const next = new URL(location, url);
    if (next.origin !== origin) return location;
    url = next.href;
  }
}

function tamper(back: string, { how }: Flow): string {
  if (how === "state") return back.replace(/state=[^&]+/, "state=zzz");
  if (how === "code") return back.replace(/code=[^&]+/, "code=garbage");
  if (how === "app-url") return `app.immich:///oauth-callback?${back.split("?")[1]}`;
  return back;
}

/** A JSON POST, with cookies. */
export function post(body: object, cookie = ""): RequestInit {
  return {
    method: "POST",
    headers: { "content-type": "application/json", cookie },
    body: JSON.stringify(body),
  };
}

/** The Cookie header that answers a response's Set-Cookie headers. */
export function cookiesOf(response: Response): string {
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";")[0] ?? "")
    .filter((pair) => !pair.endsWith("="))
    .join("; ");
}

// Authentik's flows by their API, as its own login page drives them: a GET tells the stage, a POST
// answers it, until the executor redirects back to the client (recorded on Authentik 2026.5).
import { describe, field, withoutQuery, type Answer, type Reply } from "./http";

/** Requests that remember cookies. */
export interface Browser {
  get(url: string): Promise<Reply>;
  post(url: string, body: unknown): Promise<Reply>;
}

export type FlowOutcome =
  | { readonly kind: "returned"; readonly url: string }
  | { readonly kind: "stopped"; readonly reason: string };

interface Person {
  readonly username: string;
  readonly password: string;
}

/** More steps than any login has; against a flow that goes in circles. */
const MOST_STEPS = 40;

/** Opens the URL that Immich sends people to, and goes on until the browser would be back at Immich. */
export async function passFlows(
  browser: Browser,
  start: string,
  redirectUri: string,
  person: Person,
): Promise<FlowOutcome> {
  let url = start;
  for (let step = 0; step < MOST_STEPS; step++) {
    if (url === redirectUri || url.startsWith(`${redirectUri}?`)) return returned(url);
    const flow = /^\/if\/flow\/([^/]+)\/$/.exec(new URL(url).pathname)?.[1];
    if (flow !== undefined) {
      const next = await runFlow(browser, url, flow, person);
      if (next.kind === "stopped") return next;
      url = new URL(next.url, url).toString();
      continue;
    }
    const reply = await browser.get(url);
    if (reply.kind === "failure") return stopped(reply.detail);
    if (reply.location === undefined || reply.status < 300 || reply.status > 399) {
      return stopped(page(reply, url));
    }
    url = new URL(reply.location, url).toString();
  }
  return stopped("Authentik's flows go in circles");
}

/** Answers the stages of one flow; the URL it ends in. */
async function runFlow(
  browser: Browser,
  pageUrl: string,
  flow: string,
  person: Person,
): Promise<FlowOutcome> {
  const query = new URL(pageUrl).search.replace(/^\?/, "");
  const executor = new URL(`/api/v3/flows/executor/${flow}/`, pageUrl);
  executor.search = new URLSearchParams({ query }).toString();
  const answered = new Set<string>();
  let reply = await browser.get(executor.toString());
  for (let step = 0; step < MOST_STEPS; step++) {
    if (reply.kind === "failure") return stopped(reply.detail);
    if (reply.status >= 300 && reply.status < 400) {
      reply = await browser.get(executor.toString());
      continue;
    }
    if (reply.status !== 200) {
      return stopped(`flow ${flow}: GET ${withoutQuery(executor.toString())}: ${describe(reply)}`);
    }
    const component = String(field(reply.json, "component") ?? "");
    if (component === "xak-flow-redirect") return returned(String(field(reply.json, "to")));
    if (component === "ak-stage-access-denied") {
      return stopped(
        `Authentik denies access: ${String(field(reply.json, "error_message") ?? "no reason given")}`,
      );
    }
    const wrong = errors(reply.json);
    if (wrong !== "") return stopped(`Authentik says: ${wrong}`);
    const response = answer(component, reply.json, person);
    if (response === undefined) {
      return stopped(`flow ${flow} asks for "${component}", which needs a person`);
    }
    if (answered.has(component)) return stopped(`flow ${flow} asks for "${component}" again`);
    answered.add(component);
    reply = await browser.post(executor.toString(), response);
  }
  return stopped(`flow ${flow} does not end`);
}

/** What a person would answer to a stage; undefined for a stage that needs one. */
function answer(component: string, challenge: unknown, person: Person): unknown {
  switch (component) {
    case "ak-stage-identification":
      return {
        component,
        uid_field: person.username,
        // Some flows ask for both on one page.
        ...(field(challenge, "password_fields") === true ? { password: person.password } : {}),
      };
    case "ak-stage-password":
      return { component, password: person.password };
    case "ak-stage-consent":
      return { component, token: field(challenge, "token") };
    case "ak-stage-user-login":
      return { component, remember_me: false };
    default:
      return undefined;
  }
}

/** Authentik's own words about a wrong name or password. */
function errors(challenge: unknown): string {
  const all = field(challenge, "response_errors");
  if (typeof all !== "object" || all === null) return "";
  return Object.values(all)
    .flatMap((list: unknown) => (Array.isArray(list) ? list : []))
    .map((one) => String(field(one, "string") ?? ""))
    .join("; ");
}

/** A page where a redirect was expected: its status says which kind (recorded: 400 and 200). */
function page(reply: Answer, url: string): string {
  const title = /<title>([^<]{1,80})<\/title>/i.exec(reply.body)?.[1]?.trim();
  const seen = `${withoutQuery(url)}: HTTP ${reply.status}${title ? `, "${title}"` : ""}`;
  if (reply.status === 200) {
    return `${seen}: Authentik does not let this user into the application (access groups)`;
  }
  if (reply.status === 400) {
    return `${seen}: Authentik refuses the client ID or the redirect URI`;
  }
  return `${seen} instead of a redirect`;
}

function returned(url: string): FlowOutcome {
  return { kind: "returned", url };
}

function stopped(reason: string): FlowOutcome {
  return { kind: "stopped", reason };
}

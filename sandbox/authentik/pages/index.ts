/** Pages by path: flows, the home page, and the short addresses that lead to them. */
import type { Authentik } from "../context";
import type { Call, Reply } from "../http";
import { decodePart, empty, encodeQuery, html, redirect } from "../http";
import { LOGIN_FLOW } from "../oidc/authorize";
import type { Session } from "../session";
import { notFoundPage } from "./errors";
import { flowPage } from "./flow";
import { homePage } from "./home";

/** Answers a request for a page. */
export function answerPage({ store }: Authentik, call: Call, session: Session): Reply {
  const flowSlug = /^\/if\/flow\/([^/]+)\/$/.exec(call.path)?.[1];
  const known = flowSlug !== undefined || PATHS.has(call.path);
  if (!known) return call.method === "GET" ? html(404, notFoundPage()) : empty(405);
  if (call.method !== "GET") return empty(405);
  if (flowSlug !== undefined) {
    const flow = store.flows.find((row) => row.slug === decodePart(flowSlug));
    if (!flow) return html(404, notFoundPage());
    const { plan } = session;
    // A flow opened by itself begins anew; one that an authorization waits for goes on.
    if (!plan?.authorization && !plan?.leaving) session.plan = undefined;
    return html(200, flowPage(flow.title));
  }
  switch (call.path) {
    case "/flows/-/cancel/":
      session.plan = undefined;
      return redirect(localPath(call.query.get("next")) ?? "/");
    case "/flows/-/default/authentication/":
      return redirect(`/if/flow/${LOGIN_FLOW}/`);
    case "/flows/-/default/invalidation/":
      return redirect("/if/flow/default-invalidation-flow/");
    case "/if/user/":
      return session.user
        ? html(200, homePage(store, session.user))
        : redirect(`/if/flow/${LOGIN_FLOW}/?${encodeQuery([["next", "/if/user/"]])}`);
    default:
      return redirect("/if/user/");
  }
}

const PATHS = new Set([
  "/",
  "/if/user/",
  "/flows/-/cancel/",
  "/flows/-/default/authentication/",
  "/flows/-/default/invalidation/",
]);

function localPath(next: string | null): string | undefined {
  return next?.startsWith("/") && !next.startsWith("//") ? next : undefined;
}

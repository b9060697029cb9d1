/** Every recorded login: good ones, on bad rows, with odd providers; links and logouts. */
import { fill } from "../exchanges";
import { post } from "../login";
import type { Server } from "./server";
import { flowNamed } from "./stage";

/** Part 2b of the recordings. */
export async function replayLogins(server: Server): Promise<void> {
  const { comparison, recorded } = server.stage;
  for (const flow of recorded.flows) {
    // The list of people was first taken after this login, so it names the admin, too.
    const first = flow.name === "ok_autoregister";
    await server.replay(first ? { ...flow, people: flow.people?.slice(1) } : flow);
  }
  const response = await server.request("/api/oauth/mobile-redirect?code=abc&state=def", {
    redirect: "manual",
  });
  comparison.equal(
    "mobile_redirect_endpoint",
    { status: response.status, location: response.headers.get("location") },
    recorded.mobileRedirect,
  );
}

/** Part 4c of the recordings. */
export async function replayBadRows(server: Server): Promise<void> {
  const { comparison, recorded, base, origins } = server.stage;
  for (const flow of recorded.rows) await server.replay(flow);
  const { oauth, top, putStatus, row } = recorded.unknownKeys;
  const unknown = { foo: "x", roleClaim: "immich_role" };
  await server.setRow({ oauth: { ...base, ...unknown }, unknownTop: { a: 1 } });
  const shown = await server.read("/api/system-config");
  comparison.equal("get_shows_unknown", shown["oauth"], oauth);
  comparison.equal("get_shows_unknown, sections", Object.keys(shown), top);
  const { status } = await server.save(fill(shown, origins));
  comparison.equal("put_after_unknown", [status, await server.row()], [putStatus, row]);
}

/** Part 2c of the recordings. */
export async function replayOddProviders(server: Server): Promise<void> {
  const { stage } = server;
  const { comparison, recorded, base } = stage;
  for (const flow of recorded.odd) {
    // The recorded server had seen the odd providers' people before.
    await server.replay(flow, { known: flow.name !== "mobile_like_app" });
  }
  const unlink = await server.ask("/api/oauth/unlink", post({}, server.admin));
  comparison.equal("unlink", unlink, recorded.unlink);

  const cookie = await server.replay(flowNamed(stage, "ok_second_login"));
  await server.setRow({ oauth: { ...base, enabled: false } });
  const me = await server.request("/api/users/me", { headers: { cookie } });
  comparison.equal("oauth_session_after_disable", me.status, recorded.cache.sessionAfterDisable);
  await server.setRow({ oauth: base });
  const logout = await server.ask("/api/auth/logout", post({}, cookie));
  comparison.equal("logout_oauth", logout, recorded.logout);
}

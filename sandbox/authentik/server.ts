/** The HTTP server: reads a request, finds out whose it is, answers it. */
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";

import { answerApi, API } from "./api";
import type { Authentik } from "./context";
import { Control, CONTROL } from "./faults";
import { execute, EXECUTOR } from "./flow/executor";
import type { Call, Reply } from "./http";
import { empty, html, readCall, sendReply, withHeaders } from "./http";
import { answerOidc, OIDC } from "./oidc";
import { Engine } from "./oidc/engine";
import { AccessTokens } from "./oidc/jwt";
import { tellClients } from "./oidc/logout";
import type { AuthentikOptions } from "./options";
import { answerPage } from "./pages";
import { errorPage } from "./pages/errors";
import { seed } from "./seed";
import { Sessions } from "./session";
import { loadState } from "./state";
import type { Store } from "./store";

/** Starts an Authentik on 127.0.0.1; resolves when it answers. */
export async function startServer(
  options: AuthentikOptions,
): Promise<{ port: number; server: Server; store: Store }> {
  const store = (options.stateFile && loadState(options.stateFile)) || seed(options);
  const authentik: Authentik = {
    store,
    engine: await Engine.start(store),
    sessions: new Sessions(),
    accessTokens: new AccessTokens(store),
  };
  const control = new Control(options.controlToken, () => {
    for (const session of authentik.sessions.clear()) tellClients(authentik, session);
  });
  const server = createServer((request, response) => {
    void serve(authentik, control, request, response);
  });
  // Longer than clients keep idle connections: none is closed under a request.
  server.keepAliveTimeout = 65_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return { port, server, store };
}

async function serve(
  authentik: Authentik,
  control: Control,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const plain = await readCall(request);
    if (plain.path.startsWith(CONTROL)) {
      sendReply(response, control.answer(plain));
      return;
    }
    const { delayMs, hang } = control.faults;
    if (delayMs) await wait(delayMs);
    if (hang) return;
    const call = control.disguise(plain);
    const reply = control.instead(call) ?? control.spoil(call, await answer(authentik, call));
    control.remember(call, reply.status);
    sendReply(response, reply);
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`authentik sandbox: ${request.method} ${request.url}: ${message}\n`);
    const why = "The sandbox's Authentik failed; see its log.";
    if (!response.headersSent) sendReply(response, html(500, errorPage("Server Error", why)));
  }
}

async function answer(authentik: Authentik, call: Call): Promise<Reply> {
  if (call.path === "/-/health/ready/" || call.path === "/-/health/live/") return empty(200);
  if (call.path.startsWith(API) && !call.path.startsWith(EXECUTOR)) {
    return answerApi(authentik.store, call);
  }
  const { session, cookie } = authentik.sessions.open(call);
  const reply = call.path.startsWith(EXECUTOR)
    ? await execute(authentik, call, session)
    : call.path.startsWith(OIDC)
      ? await answerOidc(authentik, call, session)
      : answerPage(authentik, call, session);
  return cookie ? withHeaders(reply, { "Set-Cookie": cookie }) : reply;
}

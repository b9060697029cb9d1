/** Browser sessions: who is logged in, and the flow that the browser is in the middle of. */
import { randomBytes } from "node:crypto";

import type { Call } from "./http";
import { cookies } from "./http";
import type { ApplicationRow, FlowRow, ProviderRow, UserRow } from "./model";

const COOKIE = "authentik_session";

/** An authorization request that waits for its flow to be done. */
export interface PendingAuthorization {
  readonly provider: ProviderRow;
  readonly application: ApplicationRow;
  readonly query: URLSearchParams;
}

/** The steps of a flow that a browser is going through. */
export interface Plan {
  readonly flow: FlowRow;
  step: number;
  /** Where to go when the flow is done. */
  readonly next: string | undefined;
  /** Who is logging in; `user` is undefined for a name that nobody has. */
  pending?: { readonly identifier: string; readonly user: UserRow | undefined };
  readonly authorization?: PendingAuthorization;
  /** The application that the user left, for a flow that ends its session. */
  readonly leaving?: ApplicationRow | undefined;
  /** Proves that a consent answers the question that was asked. */
  readonly token: string;
}

/** One browser. */
export interface Session {
  readonly id: string;
  /** Goes into ID tokens; a new one for every login. */
  sid: string;
  user: UserRow | undefined;
  /** When it logged in, in seconds since 1970. */
  at: number;
  plan: Plan | undefined;
  /** The application that sent the browser here to log in. */
  application: ApplicationRow | undefined;
  /** The authorization request (its query) that asked for a fresh login, and when it did, in ms. */
  reauthentication: { readonly query: string; readonly asked: number } | undefined;
}

/** All browsers that came by. */
export class Sessions {
  private readonly known = new Map<string, Session>();

  /** The session of a request, with the cookie to set when it is a new one. */
  open(call: Call): { session: Session; cookie: string | undefined } {
    const known = this.known.get(cookies(call)[COOKIE] ?? "");
    if (known) return { session: known, cookie: undefined };
    const session: Session = {
      id: randomBytes(24).toString("hex"),
      sid: newSid(),
      user: undefined,
      at: 0,
      plan: undefined,
      application: undefined,
      reauthentication: undefined,
    };
    this.known.set(session.id, session);
    const secure = call.origin.startsWith("https:") ? "; Secure" : "";
    return { session, cookie: `${COOKIE}=${session.id}; Path=/; HttpOnly; SameSite=Lax${secure}` };
  }

  /** Ends all of them; gives those that somebody was logged in with. */
  clear(): Session[] {
    const loggedIn = [...this.known.values()].filter(({ user }) => user !== undefined);
    this.known.clear();
    return loggedIn;
  }
}

/** Logs a user in. */
export function logIn(session: Session, user: UserRow): void {
  session.user = user;
  session.sid = newSid();
  session.at = Math.floor(Date.now() / 1000);
  user.last_login = new Date().toISOString();
}

/** Logs the browser out. */
export function logOut(session: Session): void {
  session.user = undefined;
  session.at = 0;
}

function newSid(): string {
  return randomBytes(32).toString("hex");
}

/**
 * /api/v3/flows/executor/<slug>/: takes a browser through a flow. GET tells the current challenge,
 * POST answers it. A step that is done, or that asks nothing, is a 302 to the same address; the last
 * answer names where to go.
 */
import { randomUUID } from "node:crypto";

import type { Authentik } from "../context";
import type { Call, Reply } from "../http";
import { decodePart, empty, html, json, redirect } from "../http";
import type { FlowRow } from "../model";
import { clientLocation, fulfil } from "../oidc/authorize";
import { tellClients } from "../oidc/logout";
import { notFoundPage } from "../pages/errors";
import type { Plan, Session } from "../session";
import { logIn, logOut } from "../session";
import type { AnswerErrors, Challenge } from "./challenges";
import * as challenges from "./challenges";

/** Where the executor begins. */
export const EXECUTOR = "/api/v3/flows/executor/";

/** How long a consent is remembered, in milliseconds: four weeks. */
const CONSENT_LASTS = 28 * 86_400_000;

/** What a step comes to: a challenge to show, or "passed". */
type Outcome = Challenge | "passed";

/** Answers the flow executor. */
export async function execute(authentik: Authentik, call: Call, session: Session): Promise<Reply> {
  const { store } = authentik;
  const slug = decodePart(call.path.slice(EXECUTOR.length).replace(/\/$/, ""));
  const flow = store.flows.find((row) => row.slug === slug);
  if (!flow) return html(404, notFoundPage());
  const plan = planFor(session, flow, call);
  if (call.method === "GET") return get(authentik, call, session, plan);
  if (call.method !== "POST") return empty(405);
  const outcome = answer(authentik, session, plan, answerIn(call));
  if (outcome !== "passed") return json(200, outcome);
  plan.step += 1;
  return redirect(call.target);
}

function planFor(session: Session, flow: FlowRow, call: Call): Plan {
  if (session.plan?.flow.pk === flow.pk) return session.plan;
  const next = new URLSearchParams(call.query.get("query") ?? "").get("next") ?? undefined;
  session.plan = { flow, step: 0, next, token: randomUUID() };
  return session.plan;
}

async function get(authentik: Authentik, call: Call, session: Session, plan: Plan): Promise<Reply> {
  if (plan.flow.authentication === "require_unauthenticated" && session.user && plan.step === 0) {
    return json(200, finish(session, challenges.goTo(plan.next ?? "/")));
  }
  if (plan.flow.authentication === "require_authenticated" && !session.user) {
    return json(200, challenges.denied(plan, "Flow does not apply to current user."));
  }
  const outcome = show(authentik, session, plan);
  if (outcome !== "passed") return json(200, outcome);
  const last = plan.step >= plan.flow.steps.length - 1;
  const more = plan.authorization !== undefined && plan.step < plan.flow.steps.length;
  plan.step += 1;
  if (!last || more) return redirect(call.target);
  return json(200, await end(authentik, call, session, plan));
}

/** Shows the current step; steps that ask nothing are done here. */
function show(authentik: Authentik, session: Session, plan: Plan): Outcome {
  const { store } = authentik;
  const { user } = session;
  switch (plan.flow.steps[plan.step]) {
    case "identification":
      return challenges.identification(store, plan, session);
    case "password":
      return challenges.password(plan);
    case "user-login":
      if (plan.pending?.user) logIn(session, plan.pending.user);
      return "passed";
    case "user-logout":
      if (user) tellClients(authentik, session);
      logOut(session);
      return "passed";
    case "consent": {
      if (!user || !plan.authorization) {
        return challenges.denied(plan, "Request has been denied.");
      }
      const { application, query } = plan.authorization;
      const given = new Set(store.consentOf(user.pk, application.pk));
      const known = challenges.permissionsOf(store, plan).every(({ id }) => given.has(id));
      const again = (query.get("prompt") ?? "").split(" ").includes("consent");
      return known && given.size && !again ? "passed" : challenges.consent(store, plan, user);
    }
    default:
      return "passed";
  }
}

/** Takes the user's answer to the current step. */
function answer(
  { store }: Authentik,
  session: Session,
  plan: Plan,
  given: Readonly<Record<string, unknown>>,
): Outcome {
  const wrong = (challenge: Challenge, errors: AnswerErrors): Challenge => ({
    ...challenge,
    response_errors: errors,
  });
  const step = plan.flow.steps[plan.step];
  if (step === "identification") {
    const identifier = String(given.uid_field ?? "").trim();
    const blank = { string: "This field may not be blank.", code: "blank" };
    if (!identifier) {
      return wrong(challenges.identification(store, plan, session), { uid_field: [blank] });
    }
    const lower = identifier.toLowerCase();
    const user = store.users.find((row) =>
      [row.username, row.email].some((one) => one !== "" && one.toLowerCase() === lower),
    );
    // As really: a name that nobody has gets no error here but a wrong password later.
    plan.pending = { identifier, user };
    return "passed";
  }
  if (step === "password") {
    const user = plan.pending?.user;
    const right = user?.is_active && user.password !== null && user.password === given.password;
    if (right) return "passed";
    const invalid = { string: "Invalid password", code: "invalid" };
    return wrong(challenges.password(plan), { password: [invalid] });
  }
  if (step === "consent" && session.user && plan.authorization) {
    const { user } = session;
    if (given.token !== plan.token) {
      const invalid = { string: "Invalid consent token, re-showing prompt", code: "invalid" };
      return wrong(challenges.consent(store, plan, user), { token: [invalid] });
    }
    store.giveConsent({
      user: user.pk,
      application: plan.authorization.application.pk,
      scopes: challenges.permissionsOf(store, plan).map(({ id }) => id),
      expires: Date.now() + CONSENT_LASTS,
    });
    return "passed";
  }
  return challenges.denied(plan, "Request has been denied.");
}

/** Where a flow leads to when its steps are done. */
async function end(
  authentik: Authentik,
  call: Call,
  session: Session,
  plan: Plan,
): Promise<Challenge> {
  if (plan.authorization) {
    const { provider, query } = plan.authorization;
    const outcome = await fulfil(authentik, call.origin, session, provider, query);
    return outcome.kind === "redirect"
      ? finish(session, challenges.goTo(clientLocation(outcome.to)))
      : challenges.denied(plan, `The authorization ended in "${outcome.kind}".`);
  }
  if (plan.leaving && plan.next === undefined) {
    return challenges.sessionEnd(authentik.store, plan, session);
  }
  return finish(session, challenges.goTo(plan.next ?? "/"));
}

function finish(session: Session, challenge: Challenge): Challenge {
  session.plan = undefined;
  return challenge;
}

function answerIn(call: Call): Readonly<Record<string, unknown>> {
  try {
    const body = JSON.parse(call.body) as unknown;
    return typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    return Object.fromEntries(new URLSearchParams(call.body));
  }
}

/** What the flow executor tells the page to show, as Authentik words it. */
import { launchUrl } from "../api/applications";
import { encodeQuery } from "../http";
import type { UserRow } from "../model";
import { mappingsOf } from "../oidc/claims";
import { avatarOf } from "../pages/avatar";
import type { Plan, Session } from "../session";
import type { Store } from "../store";

/** A challenge: `component` says which. */
export type Challenge = Readonly<Record<string, unknown>> & { readonly component: string };

/** What is wrong with an answer to a challenge, by field. */
export type AnswerErrors = Readonly<Record<string, readonly { string: string; code: string }[]>>;

function flowInfo(plan: Plan): Record<string, unknown> {
  const name = plan.authorization?.application.name ?? plan.leaving?.name ?? "";
  const next = plan.next === undefined ? "" : `?${encodeQuery([["next", plan.next]])}`;
  return {
    title: plan.flow.title.replace("%(app)s", name),
    background: "/static/dist/assets/images/flow_background.jpg",
    background_themed_urls: null,
    cancel_url: `/flows/-/cancel/${next}`,
    layout: "stacked",
  };
}

/** Asks who it is. */
export function identification(store: Store, plan: Plan, session: Session): Challenge {
  const { application } = session;
  return {
    flow_info: flowInfo(plan),
    component: "ak-stage-identification",
    user_fields: ["email", "username"],
    pending_user_identifier: null,
    password_fields: false,
    allow_show_password: false,
    ...(application
      ? {
          application_pre: application.name,
          application_pre_launch: launchUrl(store, application, undefined),
        }
      : {}),
    flow_designation: "authentication",
    captcha_stage: null,
    primary_action: "Log in",
    sources: [],
    show_source_labels: false,
    enable_remember_me: false,
    passkey_challenge: null,
  };
}

/** Asks for the password. */
export function password(plan: Plan): Challenge {
  const { identifier = "", user } = plan.pending ?? {};
  return {
    flow_info: flowInfo(plan),
    component: "ak-stage-password",
    pending_user: user?.username ?? identifier,
    pending_user_avatar: avatarOf(user ?? { name: identifier, username: identifier }),
    allow_show_password: false,
  };
}

/** The permissions that an authorization request asks for: its scopes that the provider has. */
export function permissionsOf(store: Store, plan: Plan): { name: string; id: string }[] {
  if (!plan.authorization) return [];
  const { provider, query } = plan.authorization;
  const asked = new Set((query.get("scope") ?? "").split(" "));
  return mappingsOf(store, provider)
    .filter((mapping) => asked.has(mapping.scope_name))
    .map((mapping) => ({ name: mapping.description, id: mapping.scope_name }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Asks whether the application may have what it wants. */
export function consent(store: Store, plan: Plan, user: UserRow): Challenge {
  const { application } = plan.authorization ?? {};
  const permissions = permissionsOf(store, plan);
  const given = new Set(store.consentOf(user.pk, application?.pk ?? ""));
  return {
    flow_info: flowInfo(plan),
    component: "ak-stage-consent",
    pending_user: user.username,
    pending_user_avatar: avatarOf(user),
    header_text: `You're about to sign into ${application?.name}.`,
    permissions: given.size ? permissions.filter((one) => given.has(one.id)) : permissions,
    additional_permissions: given.size ? permissions.filter((one) => !given.has(one.id)) : [],
    token: plan.token,
  };
}

/** Tells that the user left an application, and offers to leave the rest. */
export function sessionEnd(store: Store, plan: Plan, session: Session): Challenge {
  const { leaving } = plan;
  return {
    flow_info: flowInfo(plan),
    component: "ak-stage-session-end",
    pending_user: session.user?.username ?? "",
    pending_user_avatar: session.user ? avatarOf(session.user) : "",
    ...(leaving
      ? {
          application_name: leaving.name,
          application_launch_url: launchUrl(store, leaving, session.user),
        }
      : {}),
    invalidation_flow_url: "/if/flow/default-invalidation-flow/",
    brand_name: "authentik",
  };
}

/** Says no. */
export function denied(plan: Plan, message: string): Challenge {
  return {
    flow_info: flowInfo(plan),
    component: "ak-stage-access-denied",
    error_message: message,
  };
}

/** The flow is done: go on to an address. */
export function goTo(to: string): Challenge {
  return { component: "xak-flow-redirect", to };
}

/** What is there from the start: Authentik's built-in objects, and the users that were asked for. */
import { addToken } from "./api/tokens";
import { addUser } from "./api/users";
import { selfSigned } from "./crypto/certificate";
import type { FlowRow, StageName } from "./model";
import type { AuthentikOptions } from "./options";
import { randomText } from "./api/random";
import { Store } from "./store";

/** Texts are Authentik's own. */
const MAPPINGS: readonly (readonly [scope: string, description: string, expression: string])[] = [
  [
    "openid",
    "",
    "# This scope is required by the OpenID-spec, and must as such exist in authentik.\n" +
      "# The scope by itself does not grant any information\nreturn {}",
  ],
  [
    "email",
    "Email address",
    'return {\n    "email": request.user.email,\n    "email_verified": False\n}',
  ],
  [
    "profile",
    "General Profile Information",
    "return {\n" +
      "    # Because authentik only saves the user's full name, and has no concept of first and last names,\n" +
      "    # the full name is used as given name.\n" +
      '    # You can override this behaviour in custom mappings, i.e. `request.user.name.split(" ")`\n' +
      '    "name": request.user.name,\n    "given_name": request.user.name,\n' +
      '    "preferred_username": request.user.username,\n    "nickname": request.user.username,\n' +
      '    "groups": [group.name for group in request.user.groups.all()],\n}',
  ],
];

type Seed = Pick<FlowRow, "slug" | "name" | "title" | "designation" | "authentication"> & {
  readonly steps: StageName[];
  /** How many plans of it are cached: telling nothing here, but a number that clients see. */
  readonly cache_count?: number;
};

const FLOWS: readonly Seed[] = [
  {
    slug: "default-authentication-flow",
    name: "Welcome to authentik!",
    title: "Welcome to authentik!",
    designation: "authentication",
    authentication: "require_unauthenticated",
    steps: ["identification", "password", "mfa-validate", "user-login"],
  },
  {
    slug: "default-invalidation-flow",
    name: "Logout",
    title: "Default Invalidation Flow",
    designation: "invalidation",
    authentication: "none",
    steps: ["user-logout"],
  },
  {
    slug: "default-provider-authorization-explicit-consent",
    name: "Authorize Application",
    title: "Redirecting to %(app)s",
    designation: "authorization",
    authentication: "require_authenticated",
    steps: ["consent"],
    cache_count: 1,
  },
  {
    slug: "default-provider-authorization-implicit-consent",
    name: "Authorize Application",
    title: "Redirecting to %(app)s",
    designation: "authorization",
    authentication: "require_authenticated",
    steps: [],
  },
  {
    slug: "default-provider-invalidation-flow",
    name: "Logged out of application",
    title: "You've logged out of %(app)s.",
    designation: "invalidation",
    authentication: "none",
    steps: [],
  },
];

/** A store with everything in it. */
export function seed(options: AuthentikOptions): Store {
  const store = new Store();
  for (const flow of FLOWS) addFlow(store, flow);
  for (const [scope_name, description, expression] of MAPPINGS) {
    store.mappings.put({
      pk: store.newId(),
      managed: `goauthentik.io/providers/oauth2/scope-${scope_name}`,
      name: `authentik default OAuth Mapping: OpenID '${scope_name}'`,
      expression,
      scope_name,
      description,
    });
  }
  store.certificates.put({
    pk: store.newId(),
    name: "authentik Self-signed Certificate",
    managed: null,
    ...selfSigned({
      commonName: "authentik Self-signed Certificate",
      altNames: [`${randomText(43)}.self-signed.goauthentik.io`],
      days: 365,
      kind: "rsa",
    }),
  });
  addPeople(store, options);
  return store;
}

function addFlow(store: Store, { steps, cache_count = 0, ...flow }: Seed): void {
  store.flows.put({
    pk: store.newId(),
    policybindingmodel_ptr_id: store.newId(),
    ...flow,
    background: "",
    background_url: "/static/dist/assets/images/flow_background.jpg",
    background_themed_urls: null,
    stages: steps.map(() => store.newId()),
    policies: [],
    cache_count,
    policy_engine_mode: "any",
    compatibility_mode: false,
    export_url: `/api/v3/flows/instances/${flow.slug}/export/`,
    layout: "stacked",
    denied_action: "message_continue",
    steps,
  });
}

function addPeople(store: Store, options: AuthentikOptions): void {
  const group = (name: string, superuser = false): string =>
    (
      store.groups.find((row) => row.name === name) ??
      store.groups.put({
        pk: store.newId(),
        name,
        is_superuser: superuser,
        parents: [],
        users: [],
        attributes: {},
        roles: [],
      })
    ).pk;
  const person = { is_active: true, attributes: {}, path: "users", type: "internal" } as const;
  const admin = addUser(
    store,
    {
      ...person,
      username: "akadmin",
      name: "authentik Default Admin",
      email: "akadmin@example.com",
      groups: [group("authentik Admins", true)],
    },
    options.adminPassword ?? null,
  );
  addToken(
    store,
    {
      managed: null,
      identifier: "authentik-bootstrap-token",
      intent: "api",
      user: admin.pk,
      description: "",
      expires: null,
      expiring: false,
    },
    options.token,
  );
  for (const name of options.groups ?? []) group(name);
  for (const { username, password, name, email, groups } of options.users ?? []) {
    const known = (groups ?? []).map((one) => group(one));
    const row = { ...person, username, name: name ?? username, email: email ?? "", groups: known };
    addUser(store, row, password);
  }
}

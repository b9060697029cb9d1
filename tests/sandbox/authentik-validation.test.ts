/**
 * What the sandbox's Authentik refuses, and in which words: the rules of Authentik's serializers and models, and
 * of Django REST framework and django-filter, which they are made of.
 */
import type { Answer } from "./support/authentikApi";
import { AuthentikApi } from "./support/authentikApi";

const authentik = new AuthentikApi();
const [flow, other] = authentik.store.flows.all().map(({ pk }) => pk) as [string, string];
const UNKNOWN = "00000000-0000-4000-8000-000000000000";

const PROVIDERS = "providers/oauth2/";
const APPLICATIONS = "core/applications/";
const BINDINGS = "policies/bindings/";
const MAPPINGS = "propertymappings/provider/scope/";

const make = authentik.make.bind(authentik);

/** A body that is right, for each kind of object; names are made anew. */
let count = 0;
const right: Readonly<Record<string, () => Record<string, unknown>>> = {
  [PROVIDERS]: () => ({
    name: `provider ${++count}`,
    authorization_flow: flow,
    invalidation_flow: other,
    redirect_uris: [{ matching_mode: "strict", url: "https://photos.example.org/auth/login" }],
  }),
  [APPLICATIONS]: () => ({ name: "n", slug: `slug-${++count}` }),
  [BINDINGS]: () => ({ target: targetPk, group: groupPk, order: 0 }),
  [MAPPINGS]: () => ({ name: `mapping ${++count}`, scope_name: "s", expression: "return {}" }),
  "core/groups/": () => ({ name: `group ${++count}` }),
  "core/users/": () => ({ username: `user-${++count}`, name: "" }),
  "core/tokens/": () => ({ identifier: `token-${++count}` }),
  "rbac/roles/": () => ({ name: `role ${++count}` }),
};
const groupPk = make("core/groups/", { name: "taken" })["pk"];
const provider = make(PROVIDERS, { ...right[PROVIDERS]?.(), name: "taken", client_id: "taken" });
const targetPk = make(APPLICATIONS, { name: "n", slug: "taken", provider: provider["pk"] })["pk"];
make(MAPPINGS, { ...right[MAPPINGS]?.(), name: "taken", managed: "taken" });
make("core/users/", { username: "taken", name: "" });
make("core/tokens/", { identifier: "taken" });
make("rbac/roles/", { name: "taken" });

const sent = (path: string, more: object): Answer =>
  authentik.ask("POST", path, { ...right[path]?.(), ...more });

const BLANK = "This field may not be blank.";
const NULL = "This field may not be null.";
const TEXT = "Not a valid string.";
const BOOLEAN = "Must be a valid boolean.";
const INTEGER = "A valid integer is required.";
const URL = "Enter a valid URL.";
const SLUG = "Enter a valid “slug” consisting of letters, numbers, underscores or hyphens.";
const REQUIRED = "This field is required.";
const NO_LIST = (type: string): string => `Expected a list of items but got type "${type}".`;
const noChoice = (value: string): string => `"${value}" is not a valid choice.`;
const noUuid = (value: string): string => `“${value}” is not a valid UUID.`;
const missing = (pk: string): string => `Invalid pk "${pk}" - object does not exist.`;
const noPk = (type: string): string => `Incorrect type. Expected pk value, received ${type}.`;
const noDuration = (value: string): string =>
  `${value} is not in the correct format of 'hours=3;minutes=1'.`;

type Wrong = readonly [path: string, field: string, value: unknown, complaint: unknown];

const texts: readonly Wrong[] = [
  [PROVIDERS, "name", null, [NULL]],
  [PROVIDERS, "name", "", [BLANK]],
  [PROVIDERS, "name", " \t\u00a0\u0085\u001f", [BLANK]],
  ...[true, [], {}, ["a"]].map((value): Wrong => [PROVIDERS, "name", value, [TEXT]]),
  [PROVIDERS, "name", "a\0b", ["Null characters are not allowed."]],
  [
    PROVIDERS,
    "client_id",
    "😀".repeat(256),
    ["Ensure this field has no more than 255 characters."],
  ],
  [
    PROVIDERS,
    "client_secret",
    "x".repeat(256),
    ["Ensure this field has no more than 255 characters."],
  ],
  [
    PROVIDERS,
    "client_id",
    "\0".repeat(256),
    ["Ensure this field has no more than 255 characters.", "Null characters are not allowed."],
  ],
  [PROVIDERS, "name", "taken", ["provider with this name already exists."]],
  [PROVIDERS, "name", " taken ", ["provider with this name already exists."]],
  [PROVIDERS, "client_id", "taken", ["OAuth2/OpenID Provider with this Client ID already exists."]],
  [APPLICATIONS, "group", null, [NULL]],
  [APPLICATIONS, "slug", "ü", [SLUG]],
  [APPLICATIONS, "slug", "a b", [SLUG]],
  [APPLICATIONS, "slug", "a\0", [SLUG, "Null characters are not allowed."]],
  [APPLICATIONS, "slug", "taken", ["Application with this slug already exists."]],
  [
    APPLICATIONS,
    "slug",
    "userinfo",
    ["The slug 'userinfo' is reserved and cannot be used for applications."],
  ],
  [APPLICATIONS, "meta_icon", "../x.png", ["Parent directory references ('..') are not allowed"]],
  [MAPPINGS, "name", "taken", ["Property Mapping with this name already exists."]],
  [
    MAPPINGS,
    "managed",
    "taken",
    ["Property Mapping with this Managed by authentik already exists."],
  ],
  [MAPPINGS, "managed", "", [BLANK]],
  [MAPPINGS, "scope_name", "a b", ["Value must not contain spaces."]],
  [MAPPINGS, "expression", "", [BLANK]],
  [MAPPINGS, "expression", "return {", [expect.stringContaining("a small part of Python only")]],
  ["core/groups/", "name", "taken", ["Group with this name already exists."]],
  ["rbac/roles/", "name", "taken", ["Role with this name already exists."]],
  ["core/users/", "username", "taken", ["This field must be unique."]],
  [
    "core/users/",
    "username",
    "x".repeat(151),
    ["Ensure this field has no more than 150 characters."],
  ],
  ["core/users/", "email", "a@b", ["Enter a valid email address."]],
  ["core/users/", "email", {}, ["Enter a valid email address."]],
  ["core/users/", "path", "/a", ["No leading or trailing slashes allowed."]],
  ["core/users/", "path", "a//b", ["No empty segments in user path allowed."]],
  ["core/tokens/", "identifier", "taken", ["Token with this identifier already exists."]],
  ["core/tokens/", "identifier", "a b", [SLUG.replace("“slug”", '"slug"')]],
];

const URLS = [
  "x",
  "https://",
  "https://my_host",
  "https://-a",
  "https://a-",
  "https://a.",
  "https://a b",
];
const urls: readonly Wrong[] = [
  ...[
    ...URLS,
    "https://[zz]",
    "https://1.2.3.4.",
    "https://h:123456",
    "javascript:alert(1)",
  ].flatMap((value): Wrong[] => [
    [PROVIDERS, "logout_uri", value, [URL]],
    [APPLICATIONS, "meta_launch_url", value, [URL]],
  ]),
  [PROVIDERS, "logout_uri", "ssh://host", [URL]],
  [PROVIDERS, "logout_uri", "https://%(username)s.example.org", [URL]],
  [APPLICATIONS, "meta_launch_url", `https://p/${"x".repeat(2039)}`, [URL]],
  [APPLICATIONS, "meta_launch_url", "https://p\u0000", [URL, "Null characters are not allowed."]],
];

const numbersAndTruths: readonly Wrong[] = [
  ...["", " 1 ", "yes!", 2, null, [], {}].map((value): Wrong => [
    APPLICATIONS,
    "open_in_new_tab",
    value,
    [value === null ? NULL : BOOLEAN],
  ]),
  ...[true, 1.5, "1.5", "x", [], "0x1"].map((value): Wrong => [
    BINDINGS,
    "order",
    value,
    [INTEGER],
  ]),
  [BINDINGS, "order", "1".repeat(1001), ["String value too large."]],
  [BINDINGS, "order", 2 ** 31, ["Ensure this value is less than or equal to 2147483647."]],
  [
    BINDINGS,
    "order",
    -(2 ** 31) - 1,
    ["Ensure this value is greater than or equal to -2147483648."],
  ],
  [BINDINGS, "timeout", -1, ["Ensure this value is greater than or equal to 0."]],
];

const choices: readonly Wrong[] = [
  ...["", "Public", 1, true].map((value): Wrong => [
    PROVIDERS,
    "client_type",
    value,
    [noChoice(value === true ? "True" : `${value}`)],
  ]),
  [PROVIDERS, "sub_mode", { a: [1.5, null] }, [noChoice("{'a': [1.5, None]}")]],
  [PROVIDERS, "issuer_mode", null, [NULL]],
  [PROVIDERS, "logout_method", "none", [noChoice("none")]],
  [APPLICATIONS, "policy_engine_mode", "some", [noChoice("some")]],
  [
    "core/users/",
    "type",
    "internal_service_account",
    ["Setting a user to internal service account is not allowed."],
  ],
  ["core/tokens/", "intent", "recovery", ["Invalid intent recovery"]],
  [
    "core/tokens/",
    "expires",
    "soon",
    [expect.stringMatching(/^Datetime has wrong format\. Use one/)],
  ],
];

const durations = "hours,hours=,hours=x,x=1,hours=1;,hours=1=2,hours=nan, hours =1".split(",");

const references: readonly Wrong[] = [
  [PROVIDERS, "authorization_flow", null, [NULL]],
  [PROVIDERS, "authorization_flow", "", [NULL]],
  [PROVIDERS, "authorization_flow", "slug", [noUuid("slug")]],
  [PROVIDERS, "authorization_flow", 5, [missing("5")]],
  [PROVIDERS, "authorization_flow", 1.5, [noUuid("1.5")]],
  [PROVIDERS, "authorization_flow", true, [noPk("bool")]],
  [PROVIDERS, "signing_key", UNKNOWN, [missing(UNKNOWN)]],
  [PROVIDERS, "property_mappings", "x", [NO_LIST("str")]],
  [PROVIDERS, "property_mappings", null, [NULL]],
  [PROVIDERS, "property_mappings", [UNKNOWN, "x"], [missing(UNKNOWN)]],
  [PROVIDERS, "property_mappings", [null], [missing("None")]],
  [PROVIDERS, "jwt_federation_providers", ["x"], [noPk("str")]],
  [APPLICATIONS, "provider", 999_999, [missing("999999")]],
  [APPLICATIONS, "provider", "1.0", [noPk("str")]],
  [APPLICATIONS, "provider", {}, [noPk("dict")]],
  [APPLICATIONS, "provider", provider["pk"], ["Application with this provider already exists."]],
  [BINDINGS, "target", UNKNOWN, [missing(UNKNOWN)]],
  [BINDINGS, "policy", UNKNOWN, [missing(UNKNOWN)]],
  ["core/groups/", "users", [[]], [noPk("list")]],
  [
    "core/groups/",
    "attributes",
    [],
    ["Value must be a dictionary, and not have any duplicate keys."],
  ],
];

const uri = (more: object): object => ({ matching_mode: "strict", url: "https://p/", ...more });
const redirectUris: readonly Wrong[] = [
  ["null", null, [NULL]],
  ["a text", "https://p/", { non_field_errors: [NO_LIST("str")] }],
  ["an object", {}, { non_field_errors: [NO_LIST("dict")] }],
  ["a null in it", [uri({}), null], [{}, [NULL]]],
  [
    "a text in it",
    ["https://p/"],
    [{ non_field_errors: ["Invalid data. Expected a dictionary, but got str."] }],
  ],
  ["nothing in it", [{}], [{ matching_mode: [REQUIRED], url: [REQUIRED] }]],
  ["another mode", [uri({ matching_mode: "exact" })], [{ matching_mode: [noChoice("exact")] }]],
  ["a blank URL", [uri({}), uri({ url: " " })], [{}, { url: [BLANK] }]],
  ["another type", [uri({ redirect_uri_type: "x" })], [{ redirect_uri_type: [noChoice("x")] }]],
  ...["**", "(", "[]", "(?<n>x)", "\\q", "\\1", "(?P=n)"].map(
    (url) =>
      [
        url,
        [uri({}), uri({ matching_mode: "regex", url })],
        [`Invalid Regex Pattern: ${url}`],
      ] as const,
  ),
].map(([, value, complaint]): Wrong => [PROVIDERS, "redirect_uris", value, complaint]);

test.each([
  ...texts,
  ...urls,
  ...numbersAndTruths,
  ...choices,
  ...durations.map((value): Wrong => [
    PROVIDERS,
    "access_token_validity",
    value,
    [noDuration(value.trim())],
  ]),
  ...references,
  ...redirectUris,
])("%s refuses %s %j", (path, field, value, complaint) => {
  expect(sent(path, { [field]: value })).toEqual({ status: 400, body: { [field]: complaint } });
});

test.each<readonly [path: string, field: string, value: unknown, kept: unknown]>([
  [PROVIDERS, "client_secret", "", ""],
  [PROVIDERS, "client_secret", " s\ufeff ", "s\ufeff"],
  [PROVIDERS, "client_secret", 5, "5"],
  [PROVIDERS, "client_secret", "😀".repeat(255), "😀".repeat(255)],
  ...["t", "Y", "yes", "TRUE", "on", "1", 1].map(
    (value) => [PROVIDERS, "include_claims_in_id_token", value, true] as const,
  ),
  ...["f", "N", "no", "False", "off", "0", 0].map(
    (value) => [PROVIDERS, "include_claims_in_id_token", value, false] as const,
  ),
  ...["hours=1.5", "HOURS=1;x=y", "hours= 1", "hours=1_0", "minutes=-1"].map(
    (value) => [PROVIDERS, "access_code_validity", value, value] as const,
  ),
  [PROVIDERS, "authentication_flow", "", null],
  [PROVIDERS, "signing_key", null, null],
  [PROVIDERS, "authentication_flow", flow.toUpperCase().replaceAll("-", ""), flow],
  [PROVIDERS, "logout_uri", "http://host:8080/x", "http://host:8080/x"],
  [PROVIDERS, "redirect_uris", [], []],
  [
    PROVIDERS,
    "redirect_uris",
    [uri({ matching_mode: "regex", url: "(?P<n>a)(?P=n)" })],
    [uri({ matching_mode: "regex", url: "(?P<n>a)(?P=n)", redirect_uri_type: "authorization" })],
  ],
  ...[
    "https://%(username)s.example.org/",
    "blank://blank",
    "ssh://h",
    "https://[::1]:1/",
    "https://bücher.example",
  ].map((value) => [APPLICATIONS, "meta_launch_url", value, value] as const),
  [APPLICATIONS, "provider", "", null],
  [BINDINGS, "order", "1.0", 1],
  [BINDINGS, "order", " -3 ", -3],
  [BINDINGS, "timeout", 1e3, 1000],
  [MAPPINGS, "expression", " return {} ", "return {}"],
  ["core/users/", "name", "", ""],
  ["core/users/", "email", "a@localhost", "a@localhost"],
])("%s takes %s %j", (path, field, value, kept) => {
  const { status, body } = sent(path, { [field]: value });
  expect([status, (body as Record<string, unknown>)[field]]).toEqual([201, kept]);
});

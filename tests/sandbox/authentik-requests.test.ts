/** Requests to the API of the sandbox's Authentik: how methods read a body, and what bodies and queries may be. */
import { AuthentikApi } from "./support/authentikApi";

const authentik = new AuthentikApi();
const [flow, other] = authentik.store.flows.all().map(({ pk }) => pk) as [string, string];
const redirect_uris = [{ matching_mode: "strict", url: "https://p/", redirect_uri_type: "logout" }];
const body = { name: "p", authorization_flow: flow, invalidation_flow: other, redirect_uris };
const provider = authentik.make<{ pk: number }>("providers/oauth2/", {
  ...body,
  client_id: "c",
  access_token_validity: "hours=2",
});
const single = `providers/oauth2/${provider.pk}/`;
const REQUIRED = ["This field is required."];

describe("methods", () => {
  test("POST and PUT need what is required, PATCH does not", () => {
    const required = {
      authorization_flow: REQUIRED,
      invalidation_flow: REQUIRED,
      redirect_uris: REQUIRED,
    };
    const refused = { status: 400, body: { name: REQUIRED, ...required } };
    expect(authentik.ask("POST", "providers/oauth2/")).toEqual(refused);
    expect(authentik.ask("PUT", single, {})).toEqual(refused);
    expect(authentik.ask("PATCH", single, {})).toMatchObject({ status: 200, body });
  });

  test("PUT leaves what is not sent, and an object may keep its own names", () => {
    const { status, body: answer } = authentik.ask("PUT", single, { ...body, client_id: "c" });
    expect(status).toBe(200);
    expect(answer).toMatchObject({ client_id: "c", access_token_validity: "hours=2" });
  });

  test("a PUT without them empties a group, a user's groups", () => {
    const user = authentik.make<{ pk: number }>("core/users/", { username: "u", name: "" });
    const group = { name: "g", users: [user.pk, user.pk, String(user.pk)] };
    const { pk } = authentik.make<{ pk: string }>("core/groups/", group);
    const users = (): unknown => authentik.store.groups.get(pk)?.users;
    expect(users()).toEqual([user.pk]);
    authentik.ask("PATCH", `core/groups/${pk}/`, { is_superuser: false });
    authentik.ask("PATCH", `core/users/${user.pk}/`, { name: "U" });
    expect(users()).toEqual([user.pk]);
    authentik.ask("PUT", `core/users/${user.pk}/`, { username: "u", name: "U" });
    expect(users()).toEqual([]);
    authentik.ask("PATCH", `core/groups/${pk}/`, { users: [user.pk] });
    authentik.ask("PUT", `core/groups/${pk}/`, { name: "g" });
    expect(users()).toEqual([]);
    expect(authentik.ask("POST", `core/groups/${pk}/add_user/`, { pk: 999_999 })).toEqual({
      status: 404,
      body: { detail: "Not found." },
    });
    expect(authentik.ask("POST", `core/groups/${pk}/add_user/`, {}).body).toEqual({ pk: REQUIRED });
  });

  test("a binding is of one group, policy or user, by what is sent, in a PATCH too", () => {
    const { pk: target } = authentik.make("core/applications/", { name: "a", slug: "a" });
    const { pk: group } = authentik.make("core/groups/", { name: "bound" });
    const { pk: user } = authentik.make("core/users/", { username: "bound", name: "" });
    const one = { target, group, order: 0 };
    const { pk } = authentik.make<{ pk: string }>("policies/bindings/", one);
    const none = { non_field_errors: ["One of 'group', 'policy', 'user' must be set."] };
    const many = { non_field_errors: ["Only one of 'group', 'policy', 'user' can be set."] };
    const path = `policies/bindings/${pk}/`;
    expect(authentik.ask("POST", "policies/bindings/", { target, order: 0 }).body).toEqual(none);
    expect(authentik.ask("POST", "policies/bindings/", { ...one, user }).body).toEqual(many);
    expect(authentik.ask("PATCH", path, { order: 1 })).toEqual({ status: 400, body: none });
    expect(authentik.ask("PATCH", path, { order: 1, group }).status).toBe(200);
    expect(authentik.ask("POST", "policies/bindings/", { order: 0, group: "x" }).body).toEqual({
      group: ["“x” is not a valid UUID."],
      target: REQUIRED,
    });
  });

  test("a token is of the asking user and for the API where nothing else is sent", () => {
    const expires = "2099-01-01T00:00:00Z";
    const token = authentik.make("core/tokens/", {
      identifier: "t",
      intent: "app_password",
      expires,
    });
    expect(token).toMatchObject({ intent: "app_password", expires: "2099-01-01T00:00:00.000Z" });
    const { body: after } = authentik.ask("PATCH", "core/tokens/t/", { expires });
    expect(after).toMatchObject({ intent: "api", user_obj: { username: "akadmin" } });
    expect(after).not.toMatchObject({ expires: expect.stringMatching(/^2099/) });
  });

  test("an internal service account stays what it is", () => {
    const user = authentik.store.users.find((one) => one.username === "akadmin");
    const other = authentik.make<{ pk: number }>("core/users/", { username: "svc", name: "" });
    Object.assign(authentik.store.users.get(other.pk) ?? {}, { type: "internal_service_account" });
    expect(user).toBeDefined();
    expect(authentik.ask("PATCH", `core/users/${other.pk}/`, { type: "internal" }).body).toEqual({
      type: ["Can't change internal service account to other user type."],
    });
    expect(authentik.ask("PATCH", `core/users/${other.pk}/`, { name: "x" }).body).toEqual({
      non_field_errors: ["Can't modify internal service account users"],
    });
  });

  test("an unknown object comes before what is wrong with the body, an unknown method first", () => {
    expect(authentik.ask("PATCH", "providers/oauth2/999999/", "{")).toEqual({
      status: 404,
      body: { detail: "No OAuth2Provider matches the given query." },
    });
    expect(authentik.ask("DELETE", "providers/oauth2/", "{")).toEqual({
      status: 405,
      body: { detail: 'Method "DELETE" not allowed.' },
    });
  });

  test("a duration that Python can't hold is a server error", () => {
    expect(authentik.ask("PATCH", single, { access_code_validity: "days=1e10" }).status).toBe(500);
  });
});

describe("bodies", () => {
  const notObject = (type: string): object => ({
    non_field_errors: [`Invalid data. Expected a dictionary, but got ${type}.`],
  });
  test.each<readonly [body: string, complaint: unknown]>([
    ["null", { non_field_errors: ["No data provided"] }],
    ["[]", notObject("list")],
    ['"x"', notObject("str")],
    ["1", notObject("int")],
    ["1.0", notObject("float")],
    ["true", notObject("bool")],
  ])("%s is no object", (sent, complaint) => {
    expect(authentik.ask("POST", "providers/oauth2/", sent)).toEqual({
      status: 400,
      body: complaint,
    });
  });

  test.each<readonly [body: string, problem: string, place: string]>([
    [" ", "input data is empty", "line 1 column 1 (char 0)"],
    ["{", "unexpected end of data", "line 1 column 2 (char 1)"],
    ['{"a":1,}', "trailing comma is not allowed", "line 1 column 7 (char 6)"],
    ["[\n1,\n x]", "unexpected character", "line 3 column 2 (char 6)"],
    ["NaN", "unexpected character", "line 1 column 1 (char 0)"],
    ["nope", "invalid literal", "line 1 column 1 (char 0)"],
    ["-01", "number with leading zero is not allowed", "line 1 column 2 (char 1)"],
    ["1e400", "number is infinity when parsed as double", "line 1 column 1 (char 0)"],
    ["{}x", "unexpected content after document", "line 1 column 3 (char 2)"],
    ['"\t"', "unexpected control character in string", "line 1 column 2 (char 1)"],
    ['"\\q"', "invalid escaped character in string", "line 1 column 3 (char 2)"],
    ['"\\ud800x"', "no low surrogate in string", "line 1 column 8 (char 7)"],
    ['"\\udc00"', "invalid high surrogate in string", "line 1 column 2 (char 1)"],
  ])("%j is no JSON", (sent, problem, place) => {
    expect(authentik.ask("POST", "providers/oauth2/", sent)).toEqual({
      status: 400,
      body: { detail: `JSON parse error - ${problem}: ${place}` },
    });
  });

  test("numbers keep their form", () => {
    const sent =
      '{"name":1.0,"slug":"s1","group":1e16,"meta_publisher":18446744073709551615,"meta_description":1e-5}';
    expect(authentik.ask("POST", "core/applications/", sent).body).toMatchObject({
      name: "1.0",
      group: "1e+16",
      meta_publisher: "18446744073709551615",
      meta_description: "1e-05",
    });
    const inside = '{"name":"attributes","attributes":{"a":[1.0,"😀\\ud83d\\ude00\\n"]}}';
    expect(authentik.ask("POST", "core/groups/", inside).body).toMatchObject({
      attributes: { a: [1, "😀😀\n"] },
    });
  });

  test("only JSON is read, in whatever character set it says", () => {
    for (const type of ["text/plain", "application/jsonx", "multipart/form-data", ""]) {
      expect(authentik.ask("POST", "core/groups/", "{}", type)).toEqual({
        status: 415,
        body: { detail: `Unsupported media type "${type}" in request.` },
      });
    }
    expect(
      authentik.ask("POST", "core/groups/", "{}", "Application/JSON; charset=utf-8").body,
    ).toEqual({ name: REQUIRED });
  });
});

describe("lists", () => {
  const noChoice = (value: string): string =>
    `Select a valid choice. ${value} is not one of the available choices.`;
  const UNKNOWN = "00000000-0000-4000-8000-000000000000";

  test.each<readonly [path: string, query: string, complaints: object]>([
    ["providers/oauth2/", "client_type=x", { client_type: [noChoice("x")] }],
    ["providers/oauth2/", "signing_key=x", { signing_key: ["“x” is not a valid UUID."] }],
    ["providers/oauth2/", `application=${UNKNOWN}`, { application: [noChoice("That choice")] }],
    ["providers/oauth2/", "name=a%00", { name: ["Null characters are not allowed."] }],
    [
      "policies/bindings/",
      "target=x&order=y",
      { target: ["“x” is not a valid UUID."], order: ["Enter a number."] },
    ],
    ["policies/bindings/", `target_in=${UNKNOWN}`, { target_in: [noChoice(UNKNOWN)] }],
    ["propertymappings/provider/scope/", "managed=x", { managed: [noChoice("x")] }],
    ["core/groups/", "members_by_pk=x", { members_by_pk: ["“x” is not a valid value."] }],
    ["core/groups/", "members_by_username=nobody", { members_by_username: [noChoice("nobody")] }],
    [
      "core/users/",
      "type=x&groups_by_name=y",
      { type: [noChoice("x")], groups_by_name: [noChoice("y")] },
    ],
  ])("%s?%s is refused", (path, query, complaints) => {
    expect(authentik.ask("GET", `${path}?${query}`)).toEqual({ status: 400, body: complaints });
  });

  test.each<readonly [path: string, query: string, names: readonly string[]]>([
    ["providers/oauth2/", "name=+p+", ["p"]],
    ["providers/oauth2/", "name=x&name=p", ["p"]],
    ["providers/oauth2/", "name=x&name=", ["p"]],
    ["providers/oauth2/", "include_claims_in_id_token=maybe", ["p"]],
    ["providers/oauth2/", "include_claims_in_id_token=false", []],
    ["providers/oauth2/", "page_size=x", ["p"]],
    ["providers/oauth2/", "page=&page_size=0", ["p"]],
    ["providers/oauth2/", "page=last", ["p"]],
  ])("%s?%s gives %j", (path, query, names) => {
    const { body: answer } = authentik.ask("GET", `${path}?${query}`);
    expect((answer as { results: { name: string }[] }).results.map(({ name }) => name)).toEqual(
      names,
    );
  });

  test.each(["0", "-1", "2", "x", "1.0"])("there is no page %s", (page) => {
    expect(authentik.ask("GET", `providers/oauth2/?page=${page}`)).toEqual({
      status: 404,
      body: { detail: "Invalid page." },
    });
  });
});

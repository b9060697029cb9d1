/** examples/grafana: an application that is not Immich, by OidcApplication alone, against the sandbox's Authentik. */
import { type Authentik, startAuthentik } from "../toolchain/authentik";
import { changesOf } from "./lab";
import { needsControl } from "./needs";
import { makeProject, type Project } from "./project";
import { feedCli } from "./running";

jest.setTimeout(240_000);

const { test } = needsControl("the names in this example are fixed and may be taken");

let authentik: Authentik;
let project: Project;
beforeAll(async () => {
  authentik = await startAuthentik();
  project = await makeProject("home", {}, () => undefined, "examples/grafana");
  const secret = ["config", "set", "--stack", "home", "--secret", "authentik:token"];
  await feedCli(project, secret, authentik.token);
  await project.set("home", "authentik:url", authentik.url);
  await project.set("home", "grafanaUrl", "https://grafana.example.org");
});
afterAll(async () => {
  project?.remove();
  await authentik?.stop();
});

async function list(path: string): Promise<Record<string, unknown>[]> {
  const response = await fetch(`${authentik.url}/api/v3/${path}`, {
    headers: { authorization: `Bearer ${authentik.token}` },
  });
  return ((await response.json()) as { results: Record<string, unknown>[] }).results;
}

test("preview, up, up again, destroy", async () => {
  expect(await project.ok("preview")).toMatch(/\+ \d+ to create/);
  const up = await project.ok("up", "--yes", "--skip-preview");
  expect(changesOf(up)).toEqual({ created: 7 });
  const [provider] = await list("providers/oauth2/?name=Grafana");
  expect(provider).toMatchObject({
    client_id: "grafana",
    access_token_validity: "hours=1",
    assigned_application_slug: "grafana",
    redirect_uris: [
      { matching_mode: "strict", url: "https://grafana.example.org/login/generic_oauth" },
    ],
  });
  const [role] = await list("propertymappings/provider/scope/?scope_name=grafana");
  expect(role).toMatchObject({
    name: "Grafana: role",
    expression: expect.stringContaining('name="Grafana admins"'),
  });
  expect(provider?.["property_mappings"]).toContain(role?.["pk"]);

  const outputs = JSON.parse(await project.ok("stack", "output", "--json", "--show-secrets"));
  expect(outputs).toMatchObject({
    issuerUrl: `${authentik.url}/application/o/grafana/`,
    environment: {
      GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET: provider?.["client_secret"],
      GF_AUTH_GENERIC_OAUTH_SCOPES: "openid email profile grafana",
    },
  });
  expect(await project.ok("stack", "output", "--json")).not.toContain(provider?.["client_secret"]);

  const again = await project.ok("up", "--yes", "--skip-preview", "--refresh");
  expect(changesOf(again)).toEqual({ unchanged: 7 });
  await project.ok("destroy", "--yes", "--skip-preview");
  expect(await list("providers/oauth2/?name=Grafana")).toEqual([]);
  expect(await list("core/groups/?name=Grafana%20admins")).toEqual([]);
});

test("says what is wrong by its own arguments, and nothing of Immich", async () => {
  await project.set("home", "grafanaUrl", "http://grafana.example.org");
  const { code, stdout, stderr } = await project.run("preview");
  expect(code).not.toBe(0);
  expect(stdout + stderr).toContain(
    'redirectUris[0]: "http://grafana.example.org/login/generic_oauth"; allowed: an https URI',
  );
  const [, message] = /error: (.*?)\n\n/s.exec(stdout.slice(stdout.indexOf("Diagnostics:"))) ?? [];
  expect(message).not.toMatch(/immich|npx pulumi config|serializing|\n\s+at /i);
});

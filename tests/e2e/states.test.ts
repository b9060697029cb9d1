/**
 * Stacks that an earlier version deployed go on: nothing is replaced, what was there before them comes back. A file of
 * states/ is what that version's `pulumi stack export` said, with names in the place of what differs from one homelab to
 * the next.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { resourcesOf } from "../../commands/state";
import { startLab, type Lab } from "./lab";
import { needsControl } from "./needs";

jest.setTimeout(240_000);

const { test } = needsControl("a state of before names what the sandbox has");

const folder = join(__dirname, "states");
const versions = readdirSync(folder).map((file) => file.replace(/\.json$/, ""));

let lab: Lab;
afterEach(() => lab?.stop());

/** Text as it stands within a JSON text. */
const escaped = (text: string): string => JSON.stringify(text).slice(1, -1);

/** The state of that version for this homelab, whose resources are as a deployment has made them. */
function stateOf(version: string, exported: unknown): unknown {
  const resources = resourcesOf(exported);
  const of = (type: string) => {
    const found = resources.find((one) => one.type === type);
    if (!found) throw new Error(`nothing of type ${type}`);
    return found.outputs as Record<string, string & string[]>;
  };
  const provider = of("authentik:index/providerOauth2:ProviderOauth2");
  const { ssh, postgres, immich, authentik } = lab.sandbox;
  const [mapping0, mapping1, mapping2] = provider["propertyMappings"] ?? [];
  const values: Record<string, unknown> = {
    sshPrivateKey: escaped(escaped(ssh.privateKey)),
    sshHostKey: ssh.hostKey.split(" ")[1],
    sshPort: ssh.port,
    tunnelPort: of("pulumi:providers:immich")["tunnelPort"],
    authentikUrl: authentik.url,
    immichUrl: immich.url,
    token: authentik.token,
    postgresPassword: postgres.password,
    clientSecret: provider["clientSecret"],
    loginPassword: of("postgresql:index/role:Role")["password"],
    authorizationFlow: provider["authorizationFlow"],
    invalidationFlow: provider["invalidationFlow"],
    signingKey: provider["signingKey"],
    applicationUuid: of("authentik:index/application:Application")["uuid"],
    mapping0,
    mapping1,
    mapping2,
  };
  const text = readFileSync(join(folder, `${version}.json`), "utf8");
  const filled = text.replace(/<(\w+)>/g, (_, name: string) => String(values[name]));
  const { deployment } = exported as { deployment: { secrets_providers: unknown } };
  const state = JSON.parse(filled);
  state.deployment.secrets_providers = deployment.secrets_providers;
  return state;
}

test.each(versions)("a state of %s goes on and ends", async (version) => {
  lab = await startLab();
  const before = await lab.tables();
  lab.project.configure("sandbox", { passwordLogin: "true" });
  await lab.up();
  const deployed = await lab.tables();
  const exported = JSON.parse(await lab.project.ok("stack", "export", "--show-secrets"));
  writeFileSync(join(lab.project.folder, "old.json"), JSON.stringify(stateOf(version, exported)));
  await lab.project.ok("stack", "import", "--file", "old.json");

  const changes = await lab.up();
  expect(changes).not.toHaveProperty("replaced");
  expect(await lab.tables()).toBe(deployed);
  await lab.project.ok("preview", "--expect-no-changes");
  await lab.project.ok("refresh", "--yes", "--skip-preview");

  await lab.project.ok("destroy", "--yes", "--skip-preview");
  expect(await lab.tables()).toBe(before);
});

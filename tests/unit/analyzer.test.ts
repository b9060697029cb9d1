/** Pulumi's analyzer, which makes packages for other languages of components, understands the arguments. */
import { resolve } from "node:path";

import { Analyzer, type ComponentDefinition } from "@pulumi/pulumi/provider/experimental/analyzer";

jest.setTimeout(60_000);

/** The component of that name, as the analyzer understands it. */
function analyzed(component: string, file: string): ComponentDefinition | undefined {
  const root = resolve(__dirname, "../..");
  const options = { name: "immich-sso", main: `components/${file}` };
  const analyzer = new Analyzer(root, "immich-sso", options, new Set([component]));
  return analyzer.analyze().components[component];
}

// Not ImmichOauthSettings: a setting's value is a union of types, and the snapshot is a resource of an SDK that is no package.
test.each([
  [
    "OidcApplication",
    "oidcApplication.ts",
    ["authentik", "redirectUris", "slug"],
    ["clientId", "clientSecret", "discoveryUrl", "issuerUrl", "redirectUris", "scopes"],
  ],
  ["ContainerRestart", "containerRestart.ts", ["change", "immich"], []],
  [
    "ImmichSso",
    "immichSso.ts",
    ["application", "immich", "immichUrl"],
    ["issuerUrl", "loginCheck", "settingsChangedAt"],
  ],
])("%s can be a component of a package", (name, file, required, outputs) => {
  const found = analyzed(name, file);
  expect(found?.inputs).toMatchObject(Object.fromEntries(required.map((key) => [key, {}])));
  expect(Object.entries(found?.inputs ?? {}).filter(([, one]) => !one.description)).toEqual([]);
  for (const key of required) expect(found?.inputs[key]?.optional ?? false).toBe(false);
  const allowed = name === "ImmichSso" ? expect.arrayContaining(outputs) : outputs;
  expect(Object.keys(found?.outputs ?? {}).sort()).toEqual(allowed);
});

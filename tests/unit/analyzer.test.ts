/** Pulumi's analyzer, which makes packages for other languages of components, understands the arguments. */
import { resolve } from "node:path";

import { Analyzer } from "@pulumi/pulumi/provider/experimental/analyzer";

jest.setTimeout(60_000);

test("OidcApplication can be a component of a package", () => {
  const main = "components/oidcApplication.ts";
  const name = "immich-sso";
  const analyzer = new Analyzer(
    resolve(__dirname, "../.."),
    name,
    { name, main },
    new Set(["OidcApplication"]),
  );
  const { OidcApplication } = analyzer.analyze().components;
  expect(OidcApplication?.inputs["redirectUris"]).toMatchObject({ type: "array" });
  expect(Object.values(OidcApplication?.inputs ?? {}).filter((one) => !one.description)).toEqual(
    [],
  );
  expect(Object.keys(OidcApplication?.outputs ?? {}).sort()).toEqual([
    "clientId",
    "clientSecret",
    "discoveryUrl",
    "issuerUrl",
    "redirectUris",
    "scopes",
  ]);
});

/** A login that would not work fails the deployment, with cause and fix; after the fix the next `up` is green. */
import { startLab, type Lab } from "./lab";
import { needsControl } from "./needs";

jest.setTimeout(240_000);

const { test } = needsControl("its Authentik announces another issuer");

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab?.stop());

/** The lines of the error that the CLI shows under a resource's name, among the errors of others. */
function errorLines(output: string, resource: string): string[] {
  const sections = output
    .slice(output.indexOf("Diagnostics:"), output.lastIndexOf("Resources:"))
    .split(/^ {2}(?=\S.* \(.+\):$)/m);
  const section = sections.find((text) => text.includes(`(${resource}):`)) ?? "";
  return section.split("\n").filter((line, index) => index > 0 && line.trim() !== "");
}

test("a proxy that hides https: up fails and names it; fixed, the next up is green", async () => {
  // As a reverse proxy that does not pass on X-Forwarded-Proto: Authentik announces another issuer.
  await lab.sandbox.control("authentik/faults", { forwardedHost: "auth.inner.test" });
  const { code, stdout } = await lab.project.run("up", "--yes", "--skip-preview");
  expect(code).not.toBe(0);
  const error = errorLines(stdout, "immich-login-check");
  expect(error[0]).toMatch(/^\s*error: /);
  expect(error.length).toBeLessThan(20);
  expect(error.join("\n")).toContain("issuer-equal");
  expect(error.join("\n")).toMatch(/X-Forwarded|proxy/);
  expect(stdout).not.toMatch(/^\s+at .+:\d+:\d+\)?$/m);

  await lab.sandbox.control("authentik/faults", { method: "DELETE" });
  const restarts = await lab.restarts();
  expect(await lab.up()).toMatchObject({ created: 1 });
  expect(await lab.restarts()).toBe(restarts);
});

test("with loginCheck warn it is said, and checked again by the next up; with off, not asked", async () => {
  await lab.project.set("sandbox", "loginCheck", "warn");
  await lab.up();
  await lab.sandbox.control("authentik/faults", { forwardedHost: "auth.inner.test" });
  await lab.project.set("sandbox", "buttonText", "Sign in");
  const warned = await lab.project.ok("up", "--yes", "--skip-preview");
  expect(warned).toContain("warning: ");
  expect((await lab.outputs())["loginCheck"]).toMatchObject({
    "issuer-equal": expect.stringMatching(/^broken: .* \| fix: /),
  });
  await lab.sandbox.control("authentik/faults", { method: "DELETE" });
  await lab.up();
  expect((await lab.outputs())["loginCheck"]).toEqual({
    summary: expect.stringMatching(/^(\d+) of \1 ok$/),
  });
  await lab.project.set("sandbox", "loginCheck", "off");
  await lab.up();
  expect((await lab.outputs())["loginCheck"]).toEqual({});
});

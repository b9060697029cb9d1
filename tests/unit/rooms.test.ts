/** What the rooms of this project may know of one another. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(__dirname, "../..");

/** The TypeScript files of a file or folder. */
function sources(place: string): string[] {
  const path = join(root, place);
  if (!statSync(path).isDirectory()) return [place];
  return readdirSync(path).flatMap((name) =>
    name.endsWith(".ts") || statSync(join(path, name)).isDirectory()
      ? sources(join(place, name))
      : [],
  );
}

const read = (file: string): string => readFileSync(join(root, file), "utf8");

const imports = (file: string): string[] =>
  [...read(file).matchAll(/(?:from|import|require\()\s*"([^"]+)"/g)].map(([, name]) => name ?? "");

const program = [
  "program.js",
  "index.ts",
  "config.ts",
  "configProblems.ts",
  "configReader.ts",
  "nearest.ts",
  "configRules.ts",
  "immichFirst.ts",
  "loginName.ts",
  "arguments.ts",
  "applicationArguments.ts",
  "components",
  "provider",
];
const plain = ["authentik", "ssh", "immich", "checks"];
/** The provider is a process of its own; what programs see of it is the SDK. */
const providerProcess = sources("provider").filter((file) => file !== join("provider", "sdk.ts"));

test.each([...program, ...plain, "plugin"].flatMap(sources))(
  "%s knows nothing of toolchain, stand-ins or sandbox",
  (file) => {
    expect(read(file)).not.toMatch(/stand-?ins?\b|toolchain|PULUMI_HOME|from "[./]*sandbox/i);
  },
);

test.each([...plain.flatMap(sources), ...providerProcess])(
  "%s knows nothing of Pulumi's SDK",
  (file) => {
    expect(imports(file).filter((name) => name.startsWith("@pulumi/"))).toEqual([]);
  },
);

test.each(sources("components"))("%s reads no configuration and no environment", (file) => {
  const code = read(file);
  expect(code).not.toMatch(/process\.env/);
  expect(code).not.toMatch(/new pulumi\.Config/);
});

test.each([...sources("toolchain"), ...sources("plugin")])("%s knows nothing of Immich", (file) => {
  expect(read(file)).not.toMatch(/from "[./]*(?:immich|components|provider|sandbox|checks|ssh)\//);
});

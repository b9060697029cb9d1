/** What the rooms of this project may know of one another. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize, resolve } from "node:path";

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

/** The modules of a folder and of those in it, JavaScript included. */
function modulesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const place = join(folder, entry.name);
    if (entry.name === "node_modules" || entry.name.startsWith(".")) return [];
    return entry.isDirectory() ? modulesIn(place) : /\.(ts|js|mjs)$/.test(place) ? [place] : [];
  });
}

/** By module: those of `modules` that it imports, for types too. */
function imported(modules: readonly string[]): Map<string, string[]> {
  const known = new Set(modules);
  const endings = ["", ".ts", ".js", ".d.ts", "/index.ts", "/index.js"];
  const resolved = (from: string, name: string): string | undefined =>
    endings
      .map((ending) => normalize(join(dirname(from), name)) + ending)
      .find((file) => known.has(file));
  return new Map(
    modules.map((file) => [
      file,
      imports(file)
        .filter((name) => name.startsWith("."))
        .flatMap((name) => resolved(file, name) ?? []),
    ]),
  );
}

/** The modules in circles of imports, and those between two circles. */
function inCircles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  let left = [...graph.keys()];
  for (;;) {
    const used = new Set(left.flatMap((file) => graph.get(file) ?? []));
    const next = left.filter(
      (file) => used.has(file) && graph.get(file)?.some((name) => left.includes(name)),
    );
    if (next.length === left.length) return left;
    left = next;
  }
}

test("no module imports itself by way of others, not even for a type", () => {
  const graph = { before: ["a"], a: ["b"], b: ["c", "after"], c: ["a"], after: [] };
  expect(inCircles(new Map(Object.entries(graph)))).toEqual(["a", "b", "c"]);

  const ours = imported(modulesIn("."));
  expect(ours.get(join("provider", "main.ts"))).toContain(join("plugin", "server.ts"));
  expect(inCircles(ours)).toEqual([]);
});

test("what the program and its provider load is there without the packages for development", () => {
  const loaded = [...program, ...plain, "plugin", "register.js"]
    .flatMap(sources)
    .flatMap((file) => [
      ...read(file).matchAll(/(?:^import (?!type )[^;]*?from |require\()\s*"([^."][^"]*)"/gm),
    ])
    .map(([, name = ""]) => name)
    .filter((name) => !name.startsWith("node:"))
    .map((name) => name.split("/", name.startsWith("@") ? 2 : 1).join("/"));
  const { dependencies } = JSON.parse(read("package.json")) as { dependencies: object };
  expect([...new Set(loaded)].filter((name) => !Object.hasOwn(dependencies, name))).toEqual([]);
  expect(loaded).toContain("@grpc/grpc-js");
});

// Puts off loading two large modules that Pulumi's SDK loads at its start and hardly ever uses.
import Module from "node:module";

type Load = (id: string, parent: NodeModule | undefined, isMain: boolean) => unknown;

const loader = Module as unknown as { _load: Load };

/** Modules that can be put off; each says what to hand out in its place. */
const substitutes = {
  /**
   * npm's dependency solver, some 250 files: three quarters of what `import "@pulumi/pulumi"` costs. It is
   * asked only for the packages that go into an archive of code (`computeCodePaths`), by one line:
   * `new arborist.Arborist(…)`.
   */
  "@npmcli/arborist": (load: () => unknown): unknown => ({
    Arborist: function Arborist(...options: unknown[]): object {
      const real = load() as { Arborist: new (...options: unknown[]) => object };
      return new real.Arborist(...options);
    },
  }),
  /** The compiler, one file of 9 MB: for programs in TypeScript and for functions that are serialised. */
  typescript: (load: () => unknown): unknown =>
    new Proxy({}, { get: (_, key) => (load() as Record<string | symbol, unknown>)[key] }),
};

/** The files of the SDK that ask for them. */
const askers = /@pulumi[\\/]pulumi[\\/](runtime[\\/]closure[\\/]codePaths|typescript-shim)\.js$/;

/** Puts off loading the modules of these names until they are used; for everybody but the SDK nothing changes. */
export function loadLater(...names: readonly (keyof typeof substitutes)[]): void {
  const load = loader._load;
  loader._load = function (id, parent, isMain) {
    const name = names.find((known) => known === id);
    if (!name || !askers.test(parent?.filename ?? "")) return load.call(this, id, parent, isMain);
    return substitutes[name](() => load.call(this, id, parent, isMain));
  };
}

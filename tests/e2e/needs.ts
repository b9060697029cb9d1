/** What not every homelab has. A test that needs it is skipped there, and its name says why. */
import { atLeast } from "../../immich/version";
import { thisRun } from "./homelab/run";

interface Marked {
  readonly test: jest.It;
  readonly describe: jest.Describe;
}

const run = thisRun();

/**
 * For tests that do to the sandbox what nobody can, or wants to have done, to a real homelab.
 *
 * @param why what it does: "it stops Postgres"
 */
export const needsControl = (why: string): Marked =>
  marked(run === undefined ? undefined : `only in the sandbox: ${why}`);

/** For tests of what Immich has since this version. */
export const needsImmich = (version: string): Marked =>
  marked(
    run === undefined || atLeast(run.immichVersion, version)
      ? undefined
      : `it takes Immich ${version}, and this is ${run.immichVersion}`,
  );

function marked(reason: string | undefined): Marked {
  if (reason === undefined) return { test, describe };
  const renamed = <T extends jest.It | jest.Describe>(skip: T): T => {
    const name = (text: unknown) => `${String(text)} (skipped, ${reason})`;
    const each = (...table: unknown[]) => {
      const given = (skip.each as (...table: unknown[]) => (...more: unknown[]) => void)(...table);
      return (text: unknown, ...more: unknown[]) => given(name(text), ...more);
    };
    const one = (text: unknown, ...more: unknown[]) =>
      (skip as unknown as (...all: unknown[]) => void)(name(text), ...more);
    return Object.assign(one, { each, skip: one }) as unknown as T;
  };
  return { test: renamed(test.skip as jest.It), describe: renamed(describe.skip as jest.Describe) };
}

/**
 * `npm run forget -- immich|authentik|login --stack S [--yes]`: the way out where Immich's host or Authentik is gone for good.
 * (`login`: the PostgreSQL login alone, where a stack goes through Immich's API and SSH is gone). Drops that side from the stack's state and touches nothing else; `npx pulumi destroy` then undoes the other side, and
 * `npx pulumi up` makes the dropped one anew. Without `--yes` it only says what it would drop.
 *
 * Exit code 0: said, or done; 1: it failed; 2: wrong usage.
 */
import { parseArgs } from "node:util";

import { exportState, importState } from "./cli";
import { ends, say } from "./command";
import { type Exported, forgotten, type Side, STAYS } from "./forgotten";

const USAGE = "usage: npm run forget -- immich|authentik|login --stack NAME [--yes]";

async function main(): Promise<number> {
  const { side, stack, yes } = read();
  if (!side || !stack) {
    say(USAGE);
    return 2;
  }
  const exported = await exportState<Exported>(stack);
  const { state, gone } = forgotten(exported, side);
  if (gone.length === 0) {
    process.stdout.write(`The stack ${stack} has nothing of ${side}.\n`);
    return 0;
  }
  const lines = gone.map(({ type, urn }) => `  ${type}  ${urn.split("::").at(-1) ?? ""}`);
  const verb = yes ? "Dropped" : "Would be dropped";
  if (yes) await importState(stack, state);
  const next = yes
    ? `The other side is as it was: npx pulumi destroy --stack ${stack}, or npx pulumi up --stack ${stack}`
    : `If it can be reached at all, npx pulumi destroy takes it back instead. Else: npm run forget -- ${side} --stack ${stack} --yes`;
  process.stdout.write(
    `${verb} from the state of ${stack}; nothing else is touched:\n${lines.join("\n")}\n\n${STAYS[side]}\n\n${next}\n`,
  );
  return 0;
}

function read(): { side?: Side; stack?: string; yes?: boolean } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { stack: { type: "string", short: "s" }, yes: { type: "boolean" } },
    });
    const [side] = positionals;
    if (side !== "immich" && side !== "authentik" && side !== "login") return {};
    return { side, ...values };
  } catch {
    return {};
  }
}

ends(main(), { code: 1 });

// What a state's check is written with.
import assert from "node:assert/strict";

import { lookAtService, restartService } from "../../ssh/composeService";
import type { SshConnection } from "../../ssh/openConnection";
import { SshError } from "../../ssh/errors";
import { type Engine, serviceOf } from "./engines";
import type { Homelab } from "./homelab";

/** One state, tried. */
export interface State {
  readonly name: string;
  check(homelab: Homelab): Promise<void>;
}

/** Opens SSH as the engine's user for the length of `work`. */
export async function over<T>(
  homelab: Homelab,
  { user }: Pick<Engine, "user">,
  work: (ssh: SshConnection) => Promise<T>,
): Promise<T> {
  const ssh = await homelab.ssh(user);
  try {
    return await work(ssh);
  } finally {
    ssh.close();
  }
}

/** Both the look and the restart refuse, with these texts, and nothing is restarted. */
export async function refused(
  homelab: Homelab,
  engine: Engine,
  change: object,
  texts: readonly (string | RegExp)[],
): Promise<void> {
  const service = { ...serviceOf(engine), ...change };
  const list = `${engine.program} ps -a --no-trunc --format '{{.ID}} {{.Names}}' | sort`;
  const before = homelab.must(list);
  await over(homelab, engine, async (ssh) => {
    for (const act of [
      () => lookAtService(ssh, service),
      () => restartService(ssh, { ...service, timeoutSeconds: 40 }),
    ]) {
      const error = await act().then(
        () => assert.fail("nothing was refused"),
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof SshError, String(error));
      says(error.message, texts);
    }
  });
  assert.equal(homelab.must(list), before);
}

/** The text holds all of these. */
export function says(text: string, texts: readonly (string | RegExp)[]): void {
  for (const one of texts) {
    const holds = typeof one === "string" ? text.includes(one) : one.test(text);
    assert.ok(holds, `“${String(one)}” is not in:\n${text}`);
  }
  assert.ok(!text.includes("\u001b"), "colours in a message");
  assert.doesNotMatch(text, /Executing external compose provider|usage:/);
}

// Lives of a stack (`npm run lives`), a few of them, and the proof that a program that forgets an undo is found out.
import { runLives } from "../../lives/harness";
import { type Life, lifeOf, TROUBLES, VERSIONS } from "../../lives/plan";
import { plantDefect } from "../../lives/planted";

jest.setTimeout(1_200_000);

const SEED = 4;

test("a seed says which lives there are, and they have everything in them", () => {
  const lives = Array.from({ length: 50 }, (_, at) => lifeOf(SEED, at));
  expect(lifeOf(SEED, 7)).toEqual(lives[7]);
  expect(new Set(lives.map(({ immich }) => immich))).toEqual(new Set(VERSIONS));
  const steps = lives.flatMap((life) => life.steps);
  const kinds = ["set", "up", "preview", "refresh", "destroy", "wrong", "trouble", "kill"];
  expect(new Set(steps.map(({ step }) => step))).toEqual(new Set([...kinds, "rename", "upgrade"]));
  const troubles = steps.flatMap((one) => (one.step === "trouble" ? [one.trouble] : []));
  expect(new Set(troubles).size).toBeGreaterThan(TROUBLES.length / 2);
  const keys = new Set(steps.flatMap((one) => (one.step === "set" ? [one.key] : [])));
  for (const key of ["sshHost", "applicationSlug", "providerName", "clientId", "postgresLogin"])
    expect(keys).toContain(key);
});

const life = (more: Partial<Life>): Life => ({
  immich: "1.135.3",
  before: { "oauth.buttonText": "By hand", "oauth.clientId": "of-before", "trash.days": 7 },
  first: {},
  steps: [{ step: "up", refresh: false }],
  heals: true,
  ...more,
});

test("they end as they began, and the next up heals what failed", async () => {
  // Kills, a rename, a wrong host key; a wrong flow, Authentik down, groups.
  const report = await runLives({ seed: SEED, lives: [1, 3] });
  expect(report.failures).toEqual([]);
  expect(report).toMatchObject({ tried: 2, survived: 2 });
  expect(report.failedUps).toBeGreaterThan(0);
  expect(report.healed + report.destroyed).toBe(report.failedUps);
});

test("an undo that is dropped is found out", async () => {
  const report = await runLives({
    ...{ seed: SEED, lives: [0], plan: () => life({}), prepare: plantDefect },
  });
  expect(report).toMatchObject({ tried: 1, survived: 0 });
  expect(report.failures[0]?.lost).toMatch(/settings row system_metadata system-config/);
});

/** Lives one life: every step, what has to be so after it, and the end. */
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";

import type { CliResult } from "../commands/cli";
import { PROJECT } from "../config";
import { makeProject, type Project } from "../tests/e2e/project";
import { startCli, until } from "../tests/e2e/running";
import { notDeployed } from "./deployed";
import type { Homelab, Observation } from "./homelab";
import { differences, untold } from "./judge";
import type { Configuration, Life, Step, Value } from "./plan";

/** What came of a life. */
export interface Outcome {
  /** Why it is lost; none: survived. */
  readonly lost?: string;
  /** What stayed in the end, with a message that says so. */
  readonly told: readonly string[];
  /** `up`s that failed or were killed. */
  readonly failedUps: number;
  /** Those after which the next `up` with a right configuration went well. */
  readonly healed: number;
  /** Those after which the stack was destroyed, without another `up`. */
  readonly destroyed: number;
  /** What was done, and how it ended. */
  readonly diary: readonly string[];
}

/** What a life is lived with. */
export interface LifeOptions {
  /** Changes the project's folder before its stack is made: to plant a defect. */
  readonly prepare?: (folder: string) => void;
  /** Told of each step when it is over. */
  readonly onStep?: (line: string) => void;
}

/** Lives it. The homelab is left as it then is. */
export async function live(
  homelab: Homelab,
  life: Life,
  options: LifeOptions = {},
): Promise<Outcome> {
  await homelab.begin(life.immich, life.before);
  const { arguments: args, environment } = homelab.sandbox;
  const stackFile = readFileSync(args[args.indexOf("--config-file") + 1] ?? "", "utf8");
  const project = await makeProject("sandbox", environment, (folder) => {
    writeFileSync(join(folder, "Pulumi.sandbox.yaml"), stackFile);
    options.prepare?.(folder);
  });
  const given = parse(stackFile).config as Record<string, Value>;
  const own = Object.entries(given).flatMap(([key, value]): [string, Value][] =>
    key.startsWith(`${PROJECT}:`) ? [[key.slice(PROJECT.length + 1), value]] : [],
  );
  const one = new OneLife(homelab, project, life, options, await homelab.observe(), {
    ...Object.fromEntries(own),
    settingsStore: homelab.store,
    ...life.first,
  });
  try {
    await one.all();
    return one.outcome();
  } catch (error) {
    // Whatever else goes wrong, a sandbox that no longer answers for one, is no reason to give up the others.
    return one.outcome(error instanceof Lost ? error.message : String((error as Error).stack));
  } finally {
    project.remove();
  }
}

/** Something is not as it has to be. */
class Lost extends Error {}

class OneLife {
  private stack = "sandbox";
  /** The configuration that is deployed; undefined: not known, or none. */
  private deployed?: string;
  private upgraded = false;
  /** Failed `up`s since the last one that went well. */
  private owed = 0;
  private failedUps = 0;
  private healed = 0;
  private destroyed = 0;
  private readonly told: string[] = [];
  private readonly diary: string[] = [];

  constructor(
    private readonly homelab: Homelab,
    private readonly project: Project,
    private readonly life: Life,
    private readonly options: LifeOptions,
    private readonly before: Observation,
    private configuration: Configuration,
  ) {}

  outcome(lost?: string): Outcome {
    const { told, failedUps, healed, destroyed, diary } = this;
    return { ...(lost === undefined ? {} : { lost }), told, failedUps, healed, destroyed, diary };
  }

  async all(): Promise<void> {
    this.configure(this.configuration);
    for (const step of this.life.steps) await this.step(step);
    if (this.owed > 0 && this.life.heals) await this.goodUp(false);
    await this.destroy();
  }

  private async step(step: Step): Promise<void> {
    switch (step.step) {
      case "set":
        this.configuration = { ...this.configuration, [step.key]: step.value };
        this.configure({ [step.key]: step.value });
        return this.note(`set ${step.key} ${JSON.stringify(step.value) ?? "(default)"}`);
      case "up":
        return this.goodUp(step.refresh);
      case "preview":
        return this.preview();
      case "refresh":
        return this.good("refresh", "--yes", "--skip-preview", ...CLEAR);
      case "destroy":
        return this.destroy();
      case "wrong":
        return this.wrong(step.key, step.value);
      case "trouble":
        return this.trouble(step);
      case "kill":
        return this.kill(step);
      case "rename":
        if (step.to === this.stack) return;
        await this.good("stack", "rename", step.to);
        this.stack = step.to;
        this.deployed = undefined; // the PostgreSQL login has another name
        return;
      case "upgrade":
        await this.homelab.upgrade(step.to);
        this.upgraded = true;
        this.deployed = undefined;
        this.configuration = { ...this.configuration, settingsStore: this.homelab.store };
        this.configure(this.configuration);
        return this.note(`upgrade Immich to ${step.to}`);
    }
  }

  /** An `up` that has to go well, whatever was before. */
  private async goodUp(refresh: boolean): Promise<void> {
    const args = ["up", "--yes", "--skip-preview", ...(refresh ? ["--refresh"] : [])];
    await this.good(...args);
    this.healed += this.owed;
    this.owed = 0;
    this.deployed = JSON.stringify(this.configuration);
    const missing = await notDeployed(this.homelab, this.before, this.configuration, this.stack);
    if (missing !== undefined) throw this.lost(`after up ${missing}`);
  }

  private preview(): Promise<void> {
    const same = this.owed === 0 && this.deployed === JSON.stringify(this.configuration);
    return this.good("preview", ...(same ? ["--expect-no-changes"] : []));
  }

  /** An `up` that has to be refused before anything is touched. */
  private async wrong(key: string, value: Value): Promise<void> {
    this.configure({ [key]: value });
    const before = await this.homelab.observe();
    const result = await this.up(`with ${key} ${JSON.stringify(value).slice(0, 40)}`, false);
    if (result.code === 0) throw this.lost(`up went well with ${key} ${JSON.stringify(value)}`);
    const touched = differences(before, await this.homelab.observe(), false);
    if (touched.length > 0)
      throw this.lost(`it was refused, but: ${touched.map(({ what }) => what).join("; ")}`, result);
    this.configure({ [key]: this.configuration[key] });
  }

  private async trouble({ trouble, refresh }: Extract<Step, { step: "trouble" }>): Promise<void> {
    const mend = await this.homelab.break(trouble);
    try {
      await this.up(`while ${trouble}`, refresh);
    } finally {
      await mend();
    }
  }

  /** An `up` that may fail. */
  private async up(how: string, refresh: boolean): Promise<CliResult> {
    const args = ["up", "--yes", "--skip-preview", ...(refresh ? ["--refresh"] : [])];
    const result = await this.run(args);
    this.note(`${args.join(" ")} ${how}`, result);
    this.countUp(result);
    return result;
  }

  private countUp({ code }: CliResult): void {
    this.deployed = undefined;
    if (code === 0) {
      this.healed += this.owed;
      this.owed = 0;
    } else {
      this.owed += 1;
      this.failedUps += 1;
    }
  }

  private async kill(step: Extract<Step, { step: "kill" }>): Promise<void> {
    const args = [step.command, "--yes", "--skip-preview", "--stack", this.stack];
    const running = startCli(this.project, args);
    let ended = false;
    void running.ended.then(() => (ended = true));
    await until("it prints its lines", () => ended || lines(running.output()) >= step.lines, 120);
    await new Promise((done) => setTimeout(done, step.ms));
    if (step.death === "Ctrl-C") running.interrupt();
    else if (step.death === "CLI killed") await running.kill();
    else await running.killAll();
    const result = await running.ended;
    try {
      const left = () => running.left();
      await until(
        () => left().join("\n"),
        () => left().length === 0,
        180,
      );
    } catch (error) {
      await running.killAll();
      throw this.lost(`${args.join(" ")}, ${step.death}: ${String(error)}`, {
        ...{ code: 137, stdout: running.output(), stderr: "" },
      });
    }
    this.note(`${step.command}: ${step.death} after ${step.lines} lines and ${step.ms} ms`, result);
    if (step.command === "up") this.countUp(result);
    this.deployed = undefined;
    if (step.death === "Ctrl-C") return;
    this.mendState();
    await this.good("cancel", "--yes", this.stack);
  }

  /** Pulumi may die in the middle of writing its state: docs/interrupted.md says what to do. */
  private mendState(): void {
    const file = join(this.project.folder, ".state/.pulumi/stacks", PROJECT, `${this.stack}.json`);
    if (readFileSync(file, "utf8").trim() !== "" || !existsSync(`${file}.bak`)) return;
    copyFileSync(`${file}.bak`, file);
    this.note("the state was empty: the one before is put in its place");
  }

  /** Everything is taken back. What stays is said. */
  private async destroy(): Promise<void> {
    const result = await this.mustGoWell("destroy", "--yes", "--skip-preview");
    this.destroyed += this.owed;
    this.owed = 0;
    this.deployed = undefined;
    const found = differences(this.before, await this.homelab.observe(), this.upgraded);
    const silent = untold(found, result.stdout + result.stderr);
    if (silent.length > 0)
      throw this.lost(`after destroy ${silent.map(({ what }) => what).join("; ")}`, result);
    this.told.push(...found.map(({ what }) => what));
  }

  private async good(...args: string[]): Promise<void> {
    await this.mustGoWell(...args);
  }

  private async mustGoWell(...args: string[]): Promise<CliResult> {
    const result = await this.run(args);
    this.note(args.join(" "), result);
    if (result.code !== 0) throw this.lost(`${args.join(" ")} ended with ${result.code}`, result);
    return result;
  }

  private run(args: readonly string[]): Promise<CliResult> {
    const stack = args[0] === "cancel" ? [] : ["--stack", this.stack];
    return this.project.run(...args, ...stack);
  }

  private configure(values: Configuration): void {
    this.project.configure(this.stack, values);
  }

  private note(what: string, result?: CliResult): void {
    const line = result ? `${what}: ${result.code}` : what;
    this.diary.push(line);
    this.options.onStep?.(line);
  }

  private lost(why: string, result?: CliResult): Lost {
    return new Lost(result ? `${why}\n${result.stdout}\n${result.stderr}` : why);
  }
}

/** Where something was interrupted, Pulumi asks what became of it, or wants to be told to forget it. */
const CLEAR = ["--clear-pending-creates"];

const lines = (text: string): number => text.split("\n").length - 1;

/** One place to break Immich's API in: an Immich of its own on a database of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { Pool } from "pg";

import type { ApiContext } from "../../immich/open";
import type { Asked, Fault } from "../../sandbox/immich/faults";
import type { Postgres } from "../../sandbox/postgres";
import { endWithUs } from "../../sandbox/undertaker";
import { canaries, seed } from "../operations";

const ROOT = join(__dirname, "../..");
const CONTROL = "controls";
const ADMIN = { email: "admin@example.test", name: "Admin", password: "password" };

let serial = 0;

export class ApiLane {
  private constructor(
    readonly version: string,
    private readonly url: string,
    private readonly admin: Pool,
    private readonly immich: ChildProcess,
  ) {}

  static async start(postgres: Postgres, version: string): Promise<ApiLane> {
    const databaseUrl = await postgres.createDatabase(`api${++serial}`, null);
    const options = { databaseUrl, version, admin: ADMIN };
    const told = { ...options, apiKey: canaries.apiKey, controlToken: CONTROL };
    const immich = spawn(process.execPath, ["-r", "./register.js", "sandbox/immich/main.ts"], {
      cwd: ROOT,
      env: { ...process.env, SANDBOX_IMMICH: JSON.stringify(told) },
      stdio: ["pipe", "pipe", "ignore"],
    });
    endWithUs(immich);
    const port = await new Promise<number>((done, fail) => {
      createInterface(immich.stdout!).once("line", (line) => done(JSON.parse(line).port));
      immich.once("exit", (code) => fail(new Error(`Immich ended with exit code ${code}`)));
    });
    const admin = new Pool({ connectionString: databaseUrl, max: 1 });
    return new ApiLane(version, `http://127.0.0.1:${port}`, admin, immich);
  }

  /** How the API is reached; `short`: time-outs that a harness can wait for. */
  context(patience: "short" | "long", factor = 1): ApiContext {
    return {
      store: "api",
      api: { url: this.url, key: canaries.apiKey },
      timeouts:
        patience === "short"
          ? { answerMs: 700 * factor, tries: 2, pauseMs: 20, longestPauseMs: 100 }
          : { answerMs: 30_000, pauseMs: 20 },
    };
  }

  /** Everything that is stored, exactly. */
  async dump(): Promise<string> {
    const { rows } = await this.admin.query<{ value: string }>(
      "SELECT value::text AS value FROM system_metadata WHERE key = 'system-config'",
    );
    return rows[0]?.value ?? "";
  }

  /** Puts a dump back. */
  async load(dump: string): Promise<void> {
    await this.admin.query("DELETE FROM system_metadata WHERE key = 'system-config'");
    if (dump !== "")
      await this.admin.query("INSERT INTO system_metadata VALUES ('system-config', $1::jsonb)", [
        dump,
      ]);
  }

  /** As Immich makes it, or as one that was in use. */
  async reset(isUsed: boolean): Promise<void> {
    await this.admin.query(
      `BEGIN; DELETE FROM system_metadata; ${seed("system_metadata", isUsed)}; COMMIT`,
    );
  }

  /** Breaks answers from now on; without any, what was held goes on. */
  async breaks(...faults: readonly Fault[]): Promise<void> {
    await this.control("faults", "POST", { faults });
  }

  /** How often faults have struck. */
  async struck(): Promise<number> {
    const faults = await this.control<{ struck: number }[]>("faults", "GET");
    return faults.reduce((sum, { struck }) => sum + struck, 0);
  }

  /** Resolves when a fault has struck. @param isOver tells that nobody waits any more */
  async untilStruck(isOver: () => boolean): Promise<void> {
    while (!isOver() && (await this.struck()) === 0)
      await new Promise((done) => setTimeout(done, 15));
  }

  /** What was asked since the last call. */
  async asked(): Promise<readonly Asked[]> {
    const asked = await this.control<Asked[]>("requests", "GET");
    await this.control("requests", "DELETE");
    return asked;
  }

  /** An administrator saves a setting in Immich: the whole form, as it is now. */
  async save(section: string, values: object): Promise<void> {
    const url = `${this.url}/api/system-config`;
    const login = await fetch(`${this.url}/api/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(ADMIN),
    });
    const { accessToken } = (await login.json()) as { accessToken: string };
    const headers = {
      authorization: `Bearer ${accessToken}`,
      "content-type": "application/json",
    };
    const form = (await (await fetch(url, { headers })).json()) as Record<string, object>;
    const body = JSON.stringify({ ...form, [section]: { ...form[section], ...values } });
    const { status } = await fetch(url, { method: "PUT", headers, body });
    if (status !== 200) throw new Error(`the administrator's save was answered ${status}`);
  }

  async stop(): Promise<void> {
    await this.admin.end();
    const gone = new Promise((done) => this.immich.once("exit", done));
    this.immich.kill("SIGTERM");
    await gone;
  }

  private async control<T>(path: string, method: string, body?: object): Promise<T> {
    const response = await fetch(`${this.url}/sandbox/${path}`, {
      method,
      headers: { authorization: `Bearer ${CONTROL}`, "content-type": "application/json" },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return (await response.json()) as T;
  }
}

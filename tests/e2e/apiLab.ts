/** A sandbox whose stack goes through Immich's API: nothing of SSH and Postgres is in its configuration. */
import { startLab, type Lab } from "./lab";
import { feedCli } from "./running";

/** Keys of the configuration that only the way over SSH needs. */
export const OVER_SSH = [
  "sshHost",
  "sshPort",
  "sshUser",
  "sshHostKey",
  "sshPrivateKey",
  "postgresPort",
  "postgresPassword",
  "tunnelPort",
];

export interface ApiLab extends Lab {
  /** Immich's settings as its API has them; asked as its administrator. */
  config(): Promise<Config>;
  /** What an administrator does who changes settings in Immich and saves. */
  save(change: (config: Config) => void): Promise<void>;
}

export type Config = Record<string, Record<string, unknown>>;

/** Goes through the API from the start. */
export async function startApiLab(options: Parameters<typeof startLab>[0] = {}): Promise<ApiLab> {
  return withAdmin(await startLab({ throughApi: true, ...options }));
}

/** Points the stack at Immich's API; what the way over SSH needs is taken away unless it is to stay. */
export async function useApi(lab: Lab, keep = false): Promise<void> {
  await giveKey(lab, lab.sandbox.immich.apiKey);
  lab.project.configure("sandbox", {
    settingsThrough: "api",
    ...(keep ? {} : Object.fromEntries(OVER_SSH.map((key) => [key, undefined]))),
  });
}

/** Sets the API key, encrypted. */
export async function giveKey(lab: Lab, key: string): Promise<void> {
  const args = ["config", "set", "--stack", "sandbox", "--secret", "immichApiKey"];
  await feedCli(lab.project, args, key);
}

/** Adds what Immich's administrator can see and do. */
export function withAdmin(lab: Lab): ApiLab {
  const { immich } = lab.sandbox;
  const sent = async (path: string, method: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${immich.url}/api/${path}`, {
      method,
      headers: {
        "content-type": "application/json",
        ...(body === undefined || path !== "auth/login"
          ? { authorization: `Bearer ${token}` }
          : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
    return response.json();
  };
  let token = "";
  const logIn = async (): Promise<void> => {
    if (token !== "") return;
    const { accessToken } = (await sent("auth/login", "POST", immich.admin)) as {
      accessToken: string;
    };
    token = accessToken;
  };
  const config = async (): Promise<Config> => {
    await logIn();
    return (await sent("system-config", "GET")) as Config;
  };
  return {
    ...lab,
    config,
    async save(change) {
      const now = await config();
      change(now);
      await sent("system-config", "PUT", now);
    },
  };
}

/** What the process is told when it is started: one JSON object. */

/** A user to start with. */
export interface UserOptions {
  readonly username: string;
  readonly password: string;
  readonly email?: string;
  /** @default the user name */
  readonly name?: string;
  /** Names of groups; made when they are not there. */
  readonly groups?: readonly string[];
}

/** Options of the sandbox's Authentik. */
export interface AuthentikOptions {
  /** Port on 127.0.0.1. @default 0: any free one */
  readonly port?: number;
  /** Key of the API token of akadmin. */
  readonly token: string;
  /** Guards /sandbox/, where tests break things. @default none: /sandbox/ is not there */
  readonly controlToken?: string;
  /** Password of akadmin. @default none: akadmin cannot log in */
  readonly adminPassword?: string;
  /**
   * File that keeps everything but browser sessions and codes over a restart: written at the end, read
   * at the start, when it is there. @default none: every start begins anew
   */
  readonly stateFile?: string;
  /** Names of groups to start with. @default [] */
  readonly groups?: readonly string[];
  /** @default [] */
  readonly users?: readonly UserOptions[];
}

/** Reads the options; throws with what is wrong. */
export function parseOptions(argument: string | undefined): AuthentikOptions {
  const usage = `One argument (or SANDBOX_AUTHENTIK) is needed: JSON such as {"token":"…","port":0}`;
  if (argument === undefined) throw new Error(usage);
  let value: unknown;
  try {
    value = JSON.parse(argument);
  } catch {
    throw new Error(`${usage}; this is no JSON`);
  }
  const options = value as Partial<AuthentikOptions> | null;
  if (typeof options?.token !== "string" || options.token === "") {
    throw new Error(`${usage}; "token" is missing`);
  }
  return { ...options, token: options.token };
}

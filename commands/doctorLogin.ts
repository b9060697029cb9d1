/** `npm run doctor -- --login`: a whole login, which takes a person, or a test user and a password. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

import { loginAs } from "../checks/login";
import type { CheckInput } from "../checks/types";
import { say } from "./command";

const WHY = [
  "A whole login can't be done without a person: Authentik lets nobody in without a password, and this",
  "project keeps none. Two ways:",
].join("\n");

/**
 * Asks for a user of Authentik and a password, logs in as them and tells what Immich answered; with no
 * name given, or no terminal to ask on, names the page to open. Answers the exit code.
 */
export async function fullLogin(input: CheckInput, user?: string): Promise<number> {
  const page = `${input.immichUrl}/auth/login`;
  say(`${WHY}\n`);
  say(
    `  1. in your browser: ${page}, "${String(input.settings["oauth.buttonText"] ?? "Login with OAuth")}"`,
  );
  say(
    "  2. here: the name and password of a user of Authentik; sent to Authentik only, kept nowhere.",
  );
  say("     Immich makes an account for them, as for anybody who logs in.\n");
  if (!process.stdin.isTTY && user === undefined) {
    say(
      "There is no terminal to ask on. To pipe a password in: npm run doctor -- --login --user NAME",
    );
    return 2;
  }
  const username = user ?? (await ask("User name (empty: open the browser): "));
  if (username === "") return inBrowser(page);
  const password = await askSecret(`Password of ${username}: `);
  const outcome = await loginAs({
    immichUrl: input.immichUrl,
    immichApiUrl: input.immichApiUrl,
    username,
    password,
  });
  say(`Immich answered: ${outcome.immichAnswered}`);
  if (outcome.ok) {
    say(`The login works: ${outcome.user} is in.`);
    return 0;
  }
  say(`The login stopped at ${outcome.step}: ${outcome.reason}`);
  say("`npm run doctor` names the cause; docs/troubleshooting.md lists what people see.");
  return 1;
}

/**
 * Opens the page for the person to finish, and asks them what they saw: Immich tells nobody but the
 * browser that logged in, so the answer can only come from there.
 */
async function inBrowser(page: string): Promise<number> {
  const opener = { darwin: "open", win32: "explorer" }[process.platform as string] ?? "xdg-open";
  const child = spawn(opener, [page], { stdio: "ignore", detached: true });
  child.on("error", () => {});
  child.unref();
  say(`Open ${page} if no browser has come up, and log in there.`);
  say("Immich tells the outcome to that browser alone, so you have to:");
  const said = await ask("Are you in? Enter for yes, or the message that you see: ");
  if (said === "" || /^y(es)?$/i.test(said)) return 0;
  const hint = hints.find(([words]) => words.test(said));
  say(
    hint === undefined ? "docs/troubleshooting.md lists what people see." : `Look at: ${hint[1]}`,
  );
  say("`npm run doctor` names the cause.");
  return 1;
}

/** Messages of Authentik and Immich, and the checks that explain them. */
const hints: readonly (readonly [RegExp, string])[] = [
  [/redirect/i, "redirect-uri-web, immich-redirect-uri"],
  [/client id|client identifier/i, "client-known, immich-client-id"],
  [/client authentication|failed to finish/i, "client-secret, signing-algorithm, settings-row"],
  [/auto ?register|does not exist/i, "auto-register"],
  [/e-?mail/i, "email-claim, scopes-offered, access-groups"],
  [/discovery/i, "immich-discovery, issuer-equal"],
  [/permission|denied/i, "access-groups"],
  [/not enabled/i, "oauth-enabled"],
];

function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  return new Promise((resolve) => {
    lines.once("close", () => resolve(""));
    lines.question(question, (answer) => {
      resolve(answer.trim());
      lines.close();
    });
  });
}

/** Asks without showing what is typed; reads a line where there is no terminal. */
async function askSecret(question: string): Promise<string> {
  const { stdin } = process;
  if (!stdin.isTTY) return firstLine(stdin);
  process.stderr.write(question);
  stdin.setRawMode(true);
  stdin.resume();
  return new Promise((resolve) => {
    let typed = "";
    const onKey = (chunk: Buffer): void => {
      for (const key of chunk.toString("utf8")) {
        if (key === "\r" || key === "\n" || key === "\u0004") {
          stdin.off("data", onKey);
          stdin.setRawMode(false);
          stdin.pause();
          process.stderr.write("\n");
          resolve(typed);
          return;
        }
        if (key === "\u0003") {
          stdin.setRawMode(false);
          process.stderr.write("\n");
          process.exit(130);
        }
        typed = key === "\u007f" || key === "\b" ? typed.slice(0, -1) : typed + key;
      }
    };
    stdin.on("data", onKey);
  });
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stream })) return line;
  return "";
}

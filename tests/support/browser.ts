/** A real browser for the tests that look at pages; where none is found they are skipped and say so. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";

/** The browser that was found: Debian's Chromium, or Chrome. */
export const BROWSER = [
  process.env["CHROMIUM"] ?? "",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path !== "" && existsSync(path));

/** `describe`, skipped where there is no browser. */
export const describeInBrowser = BROWSER === undefined ? describe.skip : describe;

/** `test`, skipped where there is no browser. */
export const testInBrowser = BROWSER === undefined ? test.skip : test;

if (BROWSER === undefined)
  process.stderr.write("no browser found (chromium): what takes one is skipped\n");

/** Starts it, with a profile that is gone afterwards, and without its own errands on the network. */
export function launchBrowser(more: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: BROWSER,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...more,
    ],
  });
}

const folder = join(__dirname, "../../screenshots");

/** Keeps what a page looks like in `screenshots/`, which git ignores. */
export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

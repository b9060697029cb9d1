/** Pages of foreign origins in a browser whose user is logged in to Immich. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, BrowserContext, Page, Request } from "playwright-core";

import { launchBrowser } from "../../support/browser";

/** One request of a page to its own origin, as the browser sees it. */
export interface Asked {
  readonly port: number;
  readonly method: string;
  readonly path: string;
  readonly body?: object;
}

/** A browser, and a web site that all foreign names lead to. */
export class Visitor {
  private constructor(
    private readonly browser: Browser,
    private readonly context: BrowserContext,
    private readonly site: Server,
    private readonly immichUrl: string,
  ) {}

  /** Starts both, and logs in to Immich with a password. */
  static async start(
    immichUrl: string,
    login: { email: string; password: string },
  ): Promise<Visitor> {
    const site = createServer((_request, response) => {
      response.writeHead(200, { "content-type": "text/html" }).end("<title>a page</title>");
    });
    await new Promise<void>((done) => site.listen(0, "127.0.0.1", done));
    const names = ["evil.example.org", "rebound.example.org"];
    const browser = await launchBrowser([
      `--host-resolver-rules=${names.map((name) => `MAP ${name} 127.0.0.1`).join(",")}`,
      // Pages may not go to SSH's ports and their like; here those are others.
      "--explicitly-allowed-ports=1-65535",
    ]);
    const context = await browser.newContext();
    const visitor = new Visitor(browser, context, site, immichUrl);
    // With the browser's cookies.
    const answer = await context.request.post(`${immichUrl}/api/auth/login`, { data: login });
    if (!answer.ok())
      throw new Error(`Immich's administrator could not log in: ${answer.status()}`);
    return visitor;
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await new Promise((done) => this.site.close(done));
  }

  /** Who Immich takes the browser's user for. */
  async loggedInAs(): Promise<string> {
    const answer = await this.context.request.get(`${this.immichUrl}/api/users/me`);
    return ((await answer.json()) as { email: string }).email;
  }

  /**
   * GET and POST in all ways that need no permission and in some that do, with cookies.
   *
   * @returns what the page could read, `METHOD address: text`
   */
  fetchFrom(host: string, addresses: readonly string[]): Promise<string[]> {
    return this.onPage(host, (page) =>
      page.evaluate(async (addresses) => {
        const body = JSON.stringify({ sql: "CREATE TABLE planted (who text)", isOnboarded: true });
        const types = ["text/plain", "application/x-www-form-urlencoded", "application/json"];
        const ways = addresses.flatMap((address) =>
          (["no-cors", "cors"] as const).flatMap((mode) =>
            [undefined, ...types].map((type) => ({ address, mode, type })),
          ),
        );
        const read: string[] = [];
        await Promise.all(
          ways.map(async ({ address, mode, type }) => {
            const method = type ? "POST" : "GET";
            const text = await fetch(address, {
              method,
              mode,
              credentials: "include",
              // SSH and PostgreSQL may say nothing for a while.
              signal: AbortSignal.timeout(20_000),
              ...(type && { body, headers: { "content-type": type } }),
            }).then(
              (response) => response.text(),
              () => "",
            );
            if (text !== "") read.push(`${method} ${address}: ${text}`);
          }),
        );
        return read;
      }, addresses as string[]),
    );
  }

  /**
   * A form needs no permission, and its body can be made to look like JSON. Each is sent from a frame of its own.
   *
   * @returns how many were answered, or were no HTTP
   */
  postFormsFrom(host: string, addresses: readonly string[], body: string): Promise<number> {
    return this.onPage(host, async (page) => {
      let sent = 0;
      const all = new Promise<void>((done) => {
        const count = (request: Request): void => {
          if (request.method() === "POST" && ++sent === addresses.length) done();
        };
        page.on("requestfinished", count).on("requestfailed", count);
      });
      const name = `${body.slice(0, -1)},"x":"`.replaceAll('"', "&quot;");
      const forms = addresses.map(
        (address, at) =>
          `<iframe name="frame${at}"></iframe><form method="POST" enctype="text/plain" target="frame${at}" action="${address}"><input name="${name}" value="&quot;}"></form>`,
      );
      await page.setContent(forms.join(""));
      await page.evaluate("for (const form of document.forms) form.submit()");
      await all;
      return sent;
    });
  }

  /** The addresses on which a WebSocket opens. */
  webSocketsFrom(host: string, addresses: readonly string[]): Promise<string[]> {
    return this.onPage(host, (page) =>
      page.evaluate(async (addresses) => {
        const opened = await Promise.all(
          addresses.map(
            (address) =>
              new Promise<boolean>((done) => {
                const socket = new WebSocket(address);
                socket.onopen = () => done(true);
                socket.onerror = () => done(false);
                setTimeout(() => done(false), 5000);
              }),
          ),
        );
        return addresses.filter((_address, at) => opened[at]);
      }, addresses as string[]),
    );
  }

  /** DNS rebinding: for the browser it is the page's own server, so that it may read every answer. */
  async rebind(
    name: string,
    asked: readonly Asked[],
  ): Promise<{ what: string; status: number; body: string }[]> {
    const answers: { what: string; status: number; body: string }[] = [];
    const page = await this.context.newPage();
    for (const { port, method, path, body } of asked) {
      // Whatever is answered there: no page that leads elsewhere by itself.
      await page.goto(`http://${name}:${port}/api/server/ping`);
      const { status, text } = await page.evaluate(
        async ({ method, path, body }) => {
          const headers = { "content-type": "application/json" };
          const response = await fetch(path, { method, ...(body && { headers, body }) });
          return { status: response.status, text: await response.text() };
        },
        { method, path, body: body && JSON.stringify(body) },
      );
      answers.push({ what: `${method} ${port}${path}`, status, body: text });
    }
    await page.close();
    return answers;
  }

  private async onPage<T>(host: string, use: (page: Page) => Promise<T>): Promise<T> {
    const page = await this.context.newPage();
    try {
      await page.goto(`http://${host}:${(this.site.address() as AddressInfo).port}/`);
      return await use(page);
    } finally {
      await page.close();
    }
  }
}

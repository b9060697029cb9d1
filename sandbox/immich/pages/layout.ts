/** The frame around every page. */
import type { Traits } from "../versions";

/** A page: its title, what is inside, and the script that brings it to life. */
export interface Page {
  readonly title: string;
  readonly body: string;
  /** File in pages/browser, without ".js". */
  readonly script: string;
}

/** The whole HTML document of `page`. */
export function shell({ title, body, script }: Page, { serverPaths }: Traits): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${title}</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="/_app/immich.css" />
    <script type="module" src="/_app/${script}.js"></script>
  </head>
  <body data-server-api="${serverPaths ? "/api/server" : "/api/server-info"}">
    <div id="toasts" class="toasts" role="status" aria-live="polite"></div>
    ${body}
  </body>
</html>
`;
}

/** A sign of its own: five petals, as the sandbox is not Immich and doesn't wear its logo. */
export function sign(size: number): string {
  const colours = ["#fa2921", "#ed79b5", "#ffb400", "#1e83f7", "#18c249"];
  const petals = colours.map(
    (colour, index) =>
      `<ellipse cx="50" cy="24" rx="17" ry="22" fill="${colour}" opacity="0.9" transform="rotate(${index * 72} 50 50)"/>`,
  );
  return `<svg aria-hidden="true" width="${size}" height="${size}" viewBox="0 0 100 100">${petals.join("")}<circle cx="50" cy="50" r="9" fill="#fff"/></svg>`;
}

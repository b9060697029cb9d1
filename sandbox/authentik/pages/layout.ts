/** The look that all pages share. No file, font or script is loaded from anywhere. */

/** Makes a text safe inside HTML. */
export function escape(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

const STYLE = `
  *, *::before { box-sizing: border-box }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem;
    font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: #1c1e21;
    background: radial-gradient(circle at 15% 0, #7d3a34 0, #2b2a33 55%, #1d1c24 100%) fixed }
  main { width: 100%; max-width: 26rem; background: #fff; border-radius: 14px; padding: 2rem 2.25rem;
    box-shadow: 0 18px 50px rgb(0 0 0 / 35%) }
  .brand { display: flex; align-items: center; gap: .6rem; margin: 0 0 1.25rem; font-weight: 700;
    font-size: 1.15rem; color: #c5331b }
  .brand::before { content: ""; width: 1.5rem; height: 1.5rem; border-radius: 6px;
    background: linear-gradient(135deg, #fd4b2d 50%, #fdb8a9 50%) }
  h1 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 .35rem }
  p { margin: 0 0 1rem } .quiet { color: #5a6069; font-size: .92rem }
  label { display: block; font-weight: 600; margin: 1rem 0 .35rem }
  input { width: 100%; font: inherit; padding: .65rem .75rem; border: 1px solid #8d939c;
    border-radius: 8px; background: #fff; color: inherit }
  input[aria-invalid=true] { border-color: #b3261e }
  button, .button { display: block; width: 100%; margin-top: 1.25rem; font: inherit; font-weight: 600;
    padding: .7rem; border: 0; border-radius: 8px; background: #c5331b; color: #fff; cursor: pointer;
    text-align: center; text-decoration: none }
  button:hover, .button:hover { background: #a52712 } button:disabled { opacity: .6; cursor: wait }
  :focus-visible { outline: 3px solid #1a73e8; outline-offset: 2px }
  a { color: #a52712 } ul { padding: 0; margin: 0 0 .5rem; list-style: none }
  ul.scopes li { display: flex; gap: .6rem; align-items: baseline; padding: .5rem 0;
    border-bottom: 1px solid #e4e6e9 }
  ul.scopes li::before { content: "\\2713"; color: #1d7a3c; font-weight: 700 }
  code { font-size: .85em; color: #5a6069 }
  .error { margin: .75rem 0 0; padding: .6rem .75rem; border-radius: 8px; background: #fdecea;
    color: #8c1d18; font-weight: 600 } .error:empty { display: none }
  .who { display: flex; align-items: center; gap: .75rem; margin: 0 0 .5rem }
  .who img { width: 2.5rem; height: 2.5rem; border-radius: 50% } .who a { margin-left: auto }
  footer { margin-top: 1.5rem; font-size: .82rem; color: #5a6069; text-align: center }
`;

/** A whole page; `body` is HTML. */
export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)} - authentik</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<p class="brand">authentik</p>
${body}
<footer>Sandbox: this is a stand-in for Authentik</footer>
</main>
</body>
</html>
`;
}

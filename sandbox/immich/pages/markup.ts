/** What is inside each page. Hidden parts are shown by the page's script. */
import { sign } from "./layout";

/** /auth/login: password form, "or", the OAuth button. */
export function login(): string {
  return card(
    "Login",
    `<p id="message" class="notice" hidden></p>
    <div id="error" class="alert" role="alert" hidden></div>
    <p id="disabled" class="alert warning" role="alert" hidden>Login has been disabled.</p>
    <form id="password-form" hidden>
      <label for="email">Email</label>
      <input id="email" name="email" type="email" autocomplete="email" required />
      <label for="password">Password</label>
      <input id="password" name="password" type="password" autocomplete="current-password" required />
      <button type="submit">Login</button>
    </form>
    <div id="or" class="or" hidden><span>or</span></div>
    <button id="oauth" type="button" hidden></button>
    <p id="loading" class="loading">Loading…</p>`,
  );
}

/** /auth/register: the first visit to a fresh Immich. */
export function register(): string {
  return card(
    "Admin Registration",
    `<p class="notice">Since you are the first user on the system, you will be assigned as the Admin and
      are responsible for administrative tasks, and additional users will be created by you.</p>
    <div id="error" class="alert" role="alert" hidden></div>
    <form id="register-form">
      <label for="email">Admin Email</label>
      <input id="email" name="email" type="email" autocomplete="email" required />
      <label for="password">Admin Password</label>
      <input id="password" name="password" type="password" autocomplete="new-password" required />
      <label for="name">Name</label>
      <input id="name" name="name" autocomplete="name" required />
      <button type="submit">Sign up</button>
    </form>`,
  );
}

/** /auth/onboarding: a new user's welcome. */
export function onboarding(): string {
  return card(
    `Welcome, <span data-user="name">…</span>`,
    `<p class="notice">You are logged in as <strong data-user="email">…</strong>. Let's get you set up
      with some common settings.</p>
    <button id="done" type="button">Done</button>`,
  );
}

/** /photos: where a login ends. */
export function photos(): string {
  return `${header()}
    <main class="page">
      <h1>Photos</h1>
      <section class="empty">
        ${sign(120)}
        <h2>Hello, <span data-user="name">…</span></h2>
        <p>You are logged in as <strong data-user="email">…</strong><span data-user="role"></span>.</p>
        <p>Your library is empty: this is the sandbox, which keeps no photos.</p>
      </section>
    </main>`;
}

/** /user-settings: who am I, and the link to the OAuth account. */
export function userSettings(): string {
  return `${header()}
    <main class="page">
      <h1>Account Settings</h1>
      <div id="error" class="alert" role="alert" hidden></div>
      <section class="panel">
        <h2>Account</h2>
        <dl>
          <dt>Name</dt><dd data-user="name">…</dd>
          <dt>Email</dt><dd data-user="email">…</dd>
          <dt>Storage label</dt><dd data-user="label">…</dd>
        </dl>
      </section>
      <section class="panel" id="oauth-panel" hidden>
        <h2>OAuth</h2>
        <p>Manage your OAuth connection</p>
        <p id="linked"></p>
        <button id="link" type="button" hidden>Link to OAuth</button>
        <button id="unlink" type="button" class="secondary" hidden>Unlink OAuth</button>
      </section>
    </main>`;
}

function card(heading: string, content: string): string {
  return `<main class="center">
      <section class="card">
        <div class="brand">${sign(56)}</div>
        <h1>${heading}</h1>
        ${content}
      </section>
    </main>`;
}

function header(): string {
  return `<header class="bar">
      <a class="home" href="/photos">${sign(32)}<span>immich</span><span class="tag">sandbox</span></a>
      <nav aria-label="Account">
        <a href="/user-settings" class="who"><span class="avatar" data-user="initial"></span>
          <span><strong data-user="name">…</strong><small data-user="email">…</small></span></a>
        <button id="logout" type="button" class="secondary">Sign out</button>
      </nav>
    </header>`;
}

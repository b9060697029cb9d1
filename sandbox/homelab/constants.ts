/** What is the same in every sandbox. None of it opens anything: secrets.ts makes what does. */

/**
 * The ports on 127.0.0.1 that `npm start` and `npm run sandbox` take by themselves. `tunnel` is the one that
 * the program itself listens on while it deploys; the sandbox only sees that it is free.
 */
export const DEFAULT_PORTS = {
  authentik: 29000,
  immich: 22283,
  ssh: 29022,
  postgres: 25432,
  tunnel: 29432,
};

/** Port of each part. */
export type Ports = Readonly<Record<keyof typeof DEFAULT_PORTS, number>>;

/** The SSH user of the tutorial. */
export const SSH_USER = "hermes-admin";

/** A person who can log in at Authentik. */
export interface Person {
  readonly username: string;
  readonly email: string;
  readonly groups: readonly string[];
}

/** Alice is in both groups, Bob in none. */
export const PEOPLE: readonly Person[] = [
  {
    username: "alice",
    email: "alice@example.test",
    groups: ["immich-users", "immich-admins"],
  },
  { username: "bob", email: "bob@example.test", groups: [] },
];

/** The first user of Immich, made when it was set up; logs in with a password. */
export const IMMICH_ADMIN = { email: "admin@example.test", name: "Admin" };

/** Project and stack that the backend is prepared for. */
export const PROJECT = "immich-authentik-sso";
export const STACK = "sandbox";

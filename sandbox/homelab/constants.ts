/**
 * What is the same in every sandbox, so that the stack file that is checked in (Pulumi.sandbox.yaml)
 * fits each of them. None of it is secret: it opens servers on loopback that live for minutes.
 */

/**
 * The ports of Pulumi.sandbox.yaml, on 127.0.0.1. `tunnel` is the one that the program itself listens on
 * while it deploys; the sandbox only sees that it is free.
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

/** API token of Authentik's user akadmin. */
export const AUTHENTIK_TOKEN = "sandbox-authentik-api-token";

/**
 * Superuser's password. Not Immich's customary "postgres": Pulumi hides a secret wherever its text
 * occurs, and would show `[secret]ql` for postgresql.
 */
export const POSTGRES_PASSWORD = "database-in-the-sandbox";

/** Passphrase of the stack's secrets. */
export const PASSPHRASE = "sandbox";

/** The SSH user of the tutorial. */
export const SSH_USER = "hermes-admin";

/** A person who can log in at Authentik. */
export interface Person {
  readonly username: string;
  readonly email: string;
  readonly password: string;
  readonly groups: readonly string[];
}

/** Alice is in both groups, Bob in none. */
export const PEOPLE: readonly Person[] = [
  {
    username: "alice",
    email: "alice@example.test",
    password: "alice-in-the-sandbox",
    groups: ["immich-users", "immich-admins"],
  },
  { username: "bob", email: "bob@example.test", password: "bob-in-the-sandbox", groups: [] },
];

/** The first user of Immich, made when it was set up; logs in with a password. */
export const IMMICH_ADMIN = {
  email: "admin@example.test",
  name: "Admin",
  password: "admin-in-the-sandbox",
};

/** Project and stack that the backend is prepared for. */
export const PROJECT = "immich-authentik-sso";
export const STACK = "sandbox";

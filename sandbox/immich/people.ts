/** People and their sessions, in Immich's database, so that they outlive a restart. */
import { createHash, randomBytes, scryptSync, timingSafeEqual } from "node:crypto";
import type { Pool } from "pg";
import type { LogoutClaims } from "./logoutToken";

/** A user as the database has it. */
export interface User {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly isAdmin: boolean;
  /** Subject at the OpenID provider; "" when not linked. */
  readonly oauthId: string;
  readonly storageLabel: string | null;
  readonly quotaSizeInBytes: number | null;
  readonly shouldChangePassword: boolean;
  readonly isOnboarded: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What a new user is made of. */
export interface NewUser {
  readonly email: string;
  readonly name: string;
  readonly isAdmin?: boolean;
  readonly password?: string;
  readonly oauthId?: string;
  readonly storageLabel?: string | null;
  /** Bytes; NaN goes to the database as it is, which refuses it. */
  readonly quotaSizeInBytes?: number | null;
}

/** What is remembered of the provider's session that a session came from. */
export interface OauthSession {
  readonly sid?: string;
  readonly idToken?: string;
}

const COLUMNS = `id, email, name, "isAdmin", "oauthId", "storageLabel", "quotaSizeInBytes",
  "shouldChangePassword", "isOnboarded", "createdAt", "updatedAt"`;

/** Immich's people. */
export class People {
  /** @param table where they are: `Traits.people`. */
  constructor(
    private readonly pool: Pool,
    private readonly table: string,
  ) {}

  /** An admin; without one the server has not been set up. */
  admin(): Promise<User | undefined> {
    return this.find(`"isAdmin"`);
  }

  /** Whether the server has been set up. */
  async hasAdmin(): Promise<boolean> {
    return (await this.admin()) !== undefined;
  }

  async all(): Promise<User[]> {
    const { rows } = await this.pool.query<Row>(
      `SELECT ${COLUMNS} FROM ${this.table} WHERE "deletedAt" IS NULL ORDER BY "createdAt" DESC`,
    );
    return rows.map(toUser);
  }

  byEmail(email: string): Promise<User | undefined> {
    return this.find("email = $1", email.toLowerCase());
  }

  byOauthId(oauthId: string): Promise<User | undefined> {
    return this.find(`"oauthId" = $1`, oauthId);
  }

  /** The user with this e-mail and password. */
  async byPassword(email: string, password: string): Promise<User | undefined> {
    const { rows } = await this.pool.query<{ password: string }>(
      `SELECT password FROM ${this.table} WHERE email = $1`,
      [email.toLowerCase()],
    );
    const stored = rows[0]?.password;
    return stored !== undefined && matches(password, stored) ? this.byEmail(email) : undefined;
  }

  /** Removes somebody for good, with their sessions and keys. Undefined where there is nobody with this id. */
  async remove(id: string): Promise<User | undefined> {
    const { rows } = await this.pool.query<Row>(
      `DELETE FROM ${this.table} WHERE id::text = $1 RETURNING ${COLUMNS}`,
      [id],
    );
    return rows[0] && toUser(rows[0]);
  }

  async create(user: NewUser): Promise<User> {
    const { rows } = await this.pool.query<Row>(
      `INSERT INTO ${this.table} (email, name, password, "isAdmin", "oauthId", "storageLabel", "quotaSizeInBytes")
       VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING ${COLUMNS}`,
      [
        user.email.toLowerCase(),
        user.name,
        user.password === undefined ? "" : hash(user.password),
        user.isAdmin ?? false,
        user.oauthId ?? "",
        user.storageLabel ?? null,
        user.quotaSizeInBytes ?? null,
      ],
    );
    return toUser(rows[0]);
  }

  async update(
    id: string,
    change: Partial<Pick<User, "oauthId" | "isAdmin" | "isOnboarded">>,
  ): Promise<User> {
    const { rows } = await this.pool.query<Row>(
      `UPDATE ${this.table} SET "oauthId" = coalesce($2, "oauthId"), "isAdmin" = coalesce($3, "isAdmin"),
         "isOnboarded" = coalesce($4, "isOnboarded"), "updatedAt" = clock_timestamp()
       WHERE id = $1 RETURNING ${COLUMNS}`,
      [id, change.oauthId, change.isAdmin, change.isOnboarded],
    );
    return toUser(rows[0]);
  }

  /** Opens a session; the token is shown once and stored as a hash. */
  async openSession(user: User, { sid, idToken }: OauthSession = {}): Promise<string> {
    const token = secret();
    await this.pool.query(
      `INSERT INTO sessions (token, "userId", "oauthSid", "oauthBearerToken") VALUES ($1, $2, $3, $4)`,
      [digest(token), user.id, sid ?? null, idToken ?? null],
    );
    return token;
  }

  /** Closes the session that came from this one of the provider, or all that came from this person's. */
  async closeOauthSessions({ sid, sub }: LogoutClaims): Promise<void> {
    if (!sid && !sub) throw new Error("at least one of sid or sub must be present");
    await this.pool.query(
      `DELETE FROM sessions s USING ${this.table} u WHERE u.id = s."userId"
         AND ($1::text IS NULL OR s."oauthSid" = $1) AND ($2::text IS NULL OR u."oauthId" = $2)`,
      [sid || null, sub || null],
    );
  }

  /** The ID token that a session began with. */
  async idTokenOf(token: string): Promise<string | undefined> {
    const { rows } = await this.pool.query<{ oauthBearerToken: string | null }>(
      `SELECT "oauthBearerToken" FROM sessions WHERE token = $1`,
      [digest(token)],
    );
    return rows[0]?.oauthBearerToken ?? undefined;
  }

  async closeSession(token: string): Promise<void> {
    await this.pool.query("DELETE FROM sessions WHERE token = $1", [digest(token)]);
  }

  bySession(token: string): Promise<User | undefined> {
    return this.find(`id = (SELECT "userId" FROM sessions WHERE token = $1)`, digest(token));
  }

  byId(id: string): Promise<User | undefined> {
    return this.find("id = $1", id);
  }

  private async find(condition: string, ...values: string[]): Promise<User | undefined> {
    const { rows } = await this.pool.query<Row>(
      `SELECT ${COLUMNS} FROM ${this.table} WHERE ${condition} AND "deletedAt" IS NULL LIMIT 1`,
      values,
    );
    return rows[0] && toUser(rows[0]);
  }
}

type Row = Omit<User, "quotaSizeInBytes"> & { readonly quotaSizeInBytes: string | null };

function toUser(row: Row | undefined): User {
  if (row === undefined) throw new Error("User not found");
  const quota = row.quotaSizeInBytes;
  return { ...row, quotaSizeInBytes: quota === null ? null : Number(quota) };
}

/** Random text of letters and digits, about 40 of them. */
export function secret(): string {
  return randomBytes(32).toString("base64").replace(/\W/g, "");
}

/** What the database has of a secret. */
export function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}

function hash(password: string): string {
  const salt = randomBytes(16).toString("hex");
  return `${salt}:${scryptSync(password, salt, 32).toString("hex")}`;
}

function matches(password: string, stored: string): boolean {
  const [salt = "", expected = ""] = stored.split(":");
  if (expected === "") return false;
  return timingSafeEqual(scryptSync(password, salt, 32), Buffer.from(expected, "hex"));
}

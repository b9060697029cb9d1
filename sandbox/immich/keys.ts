/** API keys, in Immich's database, so that they outlive a restart. */
import { randomUUID } from "node:crypto";
import type { Pool } from "pg";
import { digest, secret } from "./people";

/** An API key, without the secret, of which the database has a hash. */
export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly userId: string;
  readonly permissions: readonly string[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const COLUMNS = `id, name, "userId", permissions, "createdAt", "updatedAt"`;

/** Immich's API keys. */
export class ApiKeys {
  constructor(private readonly pool: Pool) {}

  /** Makes one; its secret is shown once. @param value the secret. Default: a new one. */
  async create(
    userId: string,
    name: string,
    permissions: readonly string[],
    value = secret(),
  ): Promise<ApiKey & { readonly secret: string }> {
    const [made] = await this.query(
      `INSERT INTO api_keys (id, name, key, "userId", permissions) VALUES ($1, $2, $3, $4, $5)
       RETURNING ${COLUMNS}`,
      [randomUUID(), name, digest(value), userId, permissions],
    );
    if (made === undefined) throw new Error("The API key was not stored");
    return { ...made, secret: value };
  }

  /** The keys of a user, the newest first. */
  of(userId: string): Promise<ApiKey[]> {
    return this.query(
      `SELECT ${COLUMNS} FROM api_keys WHERE "userId" = $1 ORDER BY "createdAt" DESC`,
      [userId],
    );
  }

  /** A key of this user. */
  async one(userId: string, id: string): Promise<ApiKey | undefined> {
    const sql = `SELECT ${COLUMNS} FROM api_keys WHERE "userId" = $1 AND id = $2`;
    return (await this.query(sql, [userId, id]))[0];
  }

  /** The key with this secret. */
  async bySecret(value: string): Promise<ApiKey | undefined> {
    const sql = `SELECT ${COLUMNS} FROM api_keys WHERE key = $1`;
    return (await this.query(sql, [digest(value)]))[0];
  }

  async update(
    id: string,
    name: string,
    permissions: readonly string[],
  ): Promise<ApiKey | undefined> {
    const [changed] = await this.query(
      `UPDATE api_keys SET name = $2, permissions = $3, "updatedAt" = clock_timestamp()
       WHERE id = $1 RETURNING ${COLUMNS}`,
      [id, name, permissions],
    );
    return changed;
  }

  /** From now on the key opens nothing. */
  async delete(id: string): Promise<void> {
    await this.pool.query("DELETE FROM api_keys WHERE id = $1", [id]);
  }

  private async query(sql: string, values: unknown[]): Promise<ApiKey[]> {
    return (await this.pool.query<ApiKey>(sql, values)).rows;
  }
}

// The resource Role: a login; its id is its name.

import type { Client } from "pg";

import { bridged } from "../bridge";
import type { Properties } from "../properties";
import type { Resource, Session } from "../../../plugin/provider";
import type { Values } from "../../../plugin/wire";
import type { Server } from "./connection";
import { failed } from "./failed";
import { stateOf } from "./roleState";
import { changed, memberships, options, settings, texts } from "./roleStatements";
import { asMemberOf, lockRole, name, says } from "./sql";

const flag = { type: "boolean", default: false } as const;

const properties: Properties = {
  name: { type: "string", autoNamed: true },
  password: { type: "string", secret: true },
  passwordWo: { type: "string", secret: true, writeOnly: true },
  passwordWoVersion: { type: "string" },
  encrypted: { type: "string" },
  roles: { type: "set" },
  searchPaths: { type: "list" },
  encryptedPassword: { type: "boolean", default: true },
  validUntil: { type: "string", default: "infinity" },
  connectionLimit: { type: "number", default: -1 },
  superuser: flag,
  createDatabase: flag,
  createRole: flag,
  inherit: { type: "boolean", default: true },
  login: flag,
  replication: flag,
  bypassRowLevelSecurity: flag,
  skipDropRole: flag,
  skipReassignOwned: flag,
  idleInTransactionSessionTimeout: { type: "number" },
  statementTimeout: { type: "number" },
  assumeRole: { type: "string" },
};

/** Role, as the plugin `postgresql` has it. */
export function role(server: () => Server): Resource {
  const read = (
    id: string,
    before: Values,
    session: Session,
  ): Promise<{ id: string; state: Values } | undefined> =>
    server().transaction(undefined, session, async (db) => {
      const state = await stateOf(db, id, before, server().config.superuser);
      return state && { id, state };
    });

  const written = async (
    db: Client,
    id: string,
    wanted: Values,
  ): Promise<{ id: string; state: Values }> => ({
    id,
    state: (await stateOf(db, id, wanted, server().config.superuser)) ?? {},
  });

  return bridged(
    properties,
    {
      async create(wanted, session) {
        const role = String(wanted["name"]);
        return server().transaction(undefined, session, async (db) => {
          await says(`error creating role ${role}`, () =>
            db.query(`CREATE ROLE ${name(role)} WITH ${options(wanted)}`),
          );
          for (const other of texts(wanted["roles"])) {
            await says(`could not grant role ${other} to ${role}`, () =>
              db.query(`GRANT ${name(other)} TO ${name(role)}`),
            );
          }
          await settings(db, role, {}, wanted);
          return written(db, role, wanted);
        });
      },

      read,

      async update(id, state, wanted, session) {
        const role = String(wanted["name"]);
        const { state: now } = await server().transaction(undefined, session, async (db) => {
          await lockRole(db, id);
          if (role !== id) {
            await says("error updating role NAME", () =>
              db.query(`ALTER ROLE ${name(id)} RENAME TO ${name(role)}`),
            );
          }
          for (const change of changed(id, state, wanted)) {
            await says(`error updating role ${role}`, () =>
              db.query(`ALTER ROLE ${name(role)} ${change}`),
            );
          }
          await memberships(db, role, texts(wanted["roles"]));
          await settings(db, role, state, wanted);
          return written(db, role, wanted);
        });
        return now;
      },

      async delete(id, state, session) {
        await server().transaction(undefined, session, async (db) => {
          await lockRole(db, id);
          const me = server().user;
          if (state["skipReassignOwned"] !== true) {
            await asMemberOf(db, [id], async () => {
              await says(`could not reassign owned by role ${id} to ${me}`, () =>
                db.query(`REASSIGN OWNED BY ${name(id)} TO ${name(me)}`),
              );
              await says(`could not drop owned by role ${id}`, () =>
                db.query(`DROP OWNED BY ${name(id)}`),
              );
            });
          }
          if (state["skipDropRole"] !== true) {
            await says(`could not delete role ${id}`, () => db.query(`DROP ROLE ${name(id)}`));
          }
        });
      },
    },
    { bridged: "built", idAmongOutputs: true, failed },
  );
}

// The stand-in for the plugin `postgresql` and TLS: what lib/pq, the official plugin's driver, does.

import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { startPostgres, type Postgres } from "../../sandbox/postgres";
import { makeCertificate } from "../support/certificates";
import { messageOf, Plugin } from "./plugin";
import { type Behaviour, openGate, passwordRequests } from "./postgresTls";

const role = "postgresql:index/role:Role";
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "provider-postgresql-tls-"));
const home = path.join(folder, "home");
const plugin = new Plugin("postgresql");
let postgres: Postgres;

const authority = makeCertificate({ commonName: "An authority", authority: true });
const other = makeCertificate({ commonName: "Another authority", authority: true });
const between = makeCertificate({ commonName: "Between", authority: true, issuer: authority });
const day = 86_400_000;
const certificates = {
  right: makeCertificate({
    commonName: "db",
    names: ["localhost", "127.0.0.1"],
    issuer: authority,
  }),
  elsewhere: makeCertificate({ commonName: "db", names: ["db.example.org"], issuer: authority }),
  elsewhereByIp: makeCertificate({ commonName: "db", names: ["192.0.2.7"], issuer: authority }),
  byCommonName: makeCertificate({ commonName: "localhost", issuer: authority }),
  outdated: makeCertificate({
    commonName: "db",
    names: ["localhost", "127.0.0.1"],
    issuer: authority,
    until: new Date(Date.now() - day),
  }),
  ofAnother: makeCertificate({ commonName: "db", names: ["127.0.0.1"], issuer: other }),
  selfSigned: makeCertificate({ commonName: "db", names: ["localhost", "127.0.0.1"] }),
};
const indirect = makeCertificate({ commonName: "db", names: ["127.0.0.1"], issuer: between });

function file(name: string, text: string): string {
  const target = path.join(folder, name);
  fs.writeFileSync(target, text);
  return target;
}

const root = file("root.crt", authority.certificate);

beforeAll(async () => {
  fs.mkdirSync(home);
  postgres = await startPostgres({ folder: path.join(folder, "data") });
  await plugin.start({ HOME: home, SSL_CERT_FILE: file("system.crt", other.certificate) });
  await plugin.handshake();
}, 60_000);
afterAll(async () => {
  await Promise.all([plugin.stop(), postgres?.stop()]);
  fs.rmSync(folder, { recursive: true, force: true });
});

/** Makes and deletes a role by way of a server that behaves so; gives back the error, or "made". */
async function attempt(
  behaviour: Behaviour,
  config: Record<string, string>,
): Promise<{ outcome: string; said: string; encrypted: number; clear: number }> {
  const gate = await openGate(postgres.port, behaviour);
  try {
    await plugin.configure("postgresql", {
      host: "127.0.0.1",
      port: String(gate.port),
      username: postgres.user,
      password: postgres.password,
      database: postgres.database,
      connectTimeout: "10",
      ...config,
    });
    const { inputs } = await plugin.check(role, { name: "by_tls" });
    const made = plugin.create(role, inputs).then(async ({ id, state }) => {
      await plugin.delete(role, id, { inputs, state });
      throw Object.assign(new Error(), { details: "made" });
    });
    return { outcome: await messageOf(made), said: gate.said(), ...gate.count };
  } finally {
    await gate.close();
  }
}

const reason = (text: string): string =>
  `1 error occurred:\n\t* error connecting to PostgreSQL server HOST (scheme: postgres): ${text}\n\n`;
const unknownAuthority = "x509: certificate signed by unknown authority";
const goVerify = "tls: failed to verify certificate: ";

describe("what each sslmode makes of a certificate", () => {
  type Row = [string, keyof typeof certificates, Record<string, string>, string];
  const rows: Row[] = [
    ["none given: not looked at", "selfSigned", {}, "made"],
    ["require: not looked at", "selfSigned", { sslmode: "require" }, "made"],
    [
      "require and a root: as verify-ca",
      "selfSigned",
      { sslmode: "require", sslrootcert: root },
      reason(unknownAuthority),
    ],
    [
      "require and a root that is not there: not looked at",
      "selfSigned",
      { sslmode: "require", sslrootcert: "/nowhere" },
      "made",
    ],
    ["verify-ca, right", "right", { sslmode: "verify-ca", sslrootcert: root }, "made"],
    [
      "verify-ca does not look at the name",
      "elsewhere",
      { sslmode: "verify-ca", sslrootcert: root },
      "made",
    ],
    [
      "verify-ca, another authority",
      "ofAnother",
      { sslmode: "verify-ca", sslrootcert: root },
      reason(unknownAuthority),
    ],
    [
      "verify-ca, self-signed",
      "selfSigned",
      { sslmode: "verify-ca", sslrootcert: root },
      reason(unknownAuthority),
    ],
    [
      "verify-ca, what the system trusts, where no root is given",
      "ofAnother",
      { sslmode: "verify-ca" },
      "made",
    ],
    [
      "verify-ca, not what the system trusts",
      "right",
      { sslmode: "verify-ca" },
      reason(unknownAuthority),
    ],
    [
      "verify-ca, outdated",
      "outdated",
      { sslmode: "verify-ca", sslrootcert: root },
      reason("x509: certificate has expired or is not yet valid"),
    ],
    [
      "verify-full, right by address",
      "right",
      { sslmode: "verify-full", sslrootcert: root },
      "made",
    ],
    [
      "verify-full, right by name",
      "right",
      { sslmode: "verify-full", sslrootcert: root, host: "localhost" },
      "made",
    ],
    [
      "verify-full, for another name",
      "elsewhere",
      { sslmode: "verify-full", sslrootcert: root, host: "localhost" },
      reason(`${goVerify}x509: certificate is valid for db.example.org, not localhost`),
    ],
    [
      "verify-full, for another address",
      "elsewhereByIp",
      { sslmode: "verify-full", sslrootcert: root },
      reason(`${goVerify}x509: certificate is valid for 192.0.2.7, not 127.0.0.1`),
    ],
    [
      "verify-full, for no address",
      "elsewhere",
      { sslmode: "verify-full", sslrootcert: root },
      reason(
        `${goVerify}x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs`,
      ),
    ],
    [
      "verify-full, by its common name alone",
      "byCommonName",
      { sslmode: "verify-full", sslrootcert: root, host: "localhost" },
      reason(`${goVerify}x509: certificate relies on legacy Common Name field, use SANs instead`),
    ],
    [
      "verify-full, another authority",
      "ofAnother",
      { sslmode: "verify-full", sslrootcert: root },
      reason(goVerify + unknownAuthority),
    ],
    [
      "verify-full and the system's",
      "ofAnother",
      { sslmode: "verify-full", sslrootcert: "system" },
      "made",
    ],
  ];

  test.each(rows)("%s", async (_what, which, config, expected) => {
    const { outcome, clear } = await attempt({ certificate: certificates[which] }, config);
    expect(outcome).toBe(expected.replace("HOST", config["host"] ?? "127.0.0.1"));
    expect(clear).toBe(0);
  });

  test("an intermediate or the server's own certificate is trusted where that is what is given", async () => {
    const trusted = file("trusted.crt", between.certificate + certificates.selfSigned.certificate);
    const config = { sslmode: "verify-full", sslrootcert: trusted };
    expect((await attempt({ certificate: indirect }, config)).outcome).toBe("made");
    expect((await attempt({ certificate: certificates.selfSigned }, config)).outcome).toBe("made");
    expect((await attempt({ certificate: certificates.right }, config)).outcome).toMatch(
      /unknown auth/,
    );
  });

  test("~/.postgresql/root.crt is what there is to hold it against", async () => {
    const own = path.join(home, ".postgresql/root.crt");
    fs.mkdirSync(path.dirname(own));
    fs.copyFileSync(root, own);
    try {
      const given = { certificate: certificates.selfSigned };
      expect((await attempt(given, { sslmode: "require" })).outcome).toMatch(unknownAuthority);
      expect((await attempt(given, {})).outcome).toBe("made");
      const right = { certificate: certificates.right };
      expect((await attempt(right, { sslmode: "verify-full" })).outcome).toBe("made");
    } finally {
      fs.rmSync(path.dirname(own), { recursive: true });
    }
  });

  test("the file is read at each connection", async () => {
    const changing = file("changing.crt", other.certificate);
    const config = { sslmode: "verify-full", sslrootcert: changing };
    const right = { certificate: certificates.right };
    expect((await attempt(right, config)).outcome).toMatch(unknownAuthority);
    fs.copyFileSync(root, changing);
    expect((await attempt(right, config)).outcome).toBe("made");
    fs.rmSync(changing);
    expect((await attempt(right, config)).outcome).toMatch(
      /: open \S+changing\.crt: no such file or directory/,
    );
    fs.writeFileSync(changing, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    expect((await attempt(right, config)).outcome).toContain(
      ": pq: couldn't parse pem from sslrootcert",
    );
  });
});

describe("a server that has no TLS", () => {
  const refused = "pq: SSL is not enabled on the server";
  test.each([
    ["", refused, 0],
    ["require", refused, 0],
    ["verify-ca", refused, 0],
    ["verify-full", refused, 0],
    ["prefer", "made", 2],
    ["allow", "made", 2],
    ["disable", "made", 2],
  ])("sslmode %j", async (sslmode, expected, inClear) => {
    const seen = await attempt({}, { ...(sslmode ? { sslmode } : {}) });
    expect(seen.outcome).toContain(expected);
    expect(seen.clear).toBe(inClear);
    if (inClear === 0) expect(seen.said).toBe("");
  });

  test("one that answers with more than yes, in clear, is refused", async () => {
    const seen = await attempt({ answer: "SR" }, { sslmode: "require" });
    expect(seen.outcome).toContain(refused);
    expect(seen.said).toBe("");
  });
});

test("a mode that there is not, and a weak one with the system's roots, end before anything is sent", async () => {
  const maybe = await attempt({}, { sslmode: "maybe" });
  expect(maybe.outcome).toBe(
    reason(
      'pq: wrong value for "sslmode": "maybe" is not supported; supported values are disable, allow, ' +
        "prefer, require, verify-full, or verify-ca",
    ).replace("HOST", "127.0.0.1"),
  );
  const weak = await attempt({}, { sslmode: "require", sslrootcert: "system" });
  expect(weak.outcome).toContain(
    'pq: weak sslmode "require" may not be used with sslrootcert=system',
  );
  expect([maybe, weak].map(({ encrypted, clear }) => encrypted + clear)).toEqual([0, 0]);
});

describe.each(Object.entries(passwordRequests))("a hostile server asks for %s", (_what, asks) => {
  test.each([
    ["verify-ca", certificates.ofAnother, "127.0.0.1"],
    ["verify-full", certificates.ofAnother, "127.0.0.1"],
    ["verify-full", certificates.elsewhere, "localhost"],
    ["verify-full", certificates.outdated, "localhost"],
  ])("sslmode %s: it hears nothing", async (sslmode, certificate, host) => {
    const { said, clear } = await attempt(
      { certificate, asks },
      { sslmode, sslrootcert: root, host, password: "a password to keep" },
    );
    expect(said).toBe("");
    expect(clear).toBe(0);
  });

  test.each(["require", "verify-ca", "verify-full"])(
    "sslmode %s, and it has no TLS: it hears nothing",
    async (sslmode) => {
      const { said } = await attempt({ asks }, { sslmode, password: "a password to keep" });
      expect(said).toBe("");
    },
  );
});

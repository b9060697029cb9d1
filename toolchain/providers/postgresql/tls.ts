// Encryption on the way to PostgreSQL, as lib/pq 1.12.3, the official plugin's driver, has it (its ssl.go and
// connector.go): what each `sslmode` asks for, where roots come from, how an error reads.

import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { X509Certificate } from "node:crypto";
import { checkServerIdentity, type ConnectionOptions, type PeerCertificate } from "node:tls";

import { ProviderError } from "../../../plugin/provider";

const modes = ["disable", "allow", "prefer", "require", "verify-full", "verify-ca"] as const;

/** A value of `sslmode`. */
export type SslMode = (typeof modes)[number];

/** One way of connecting: in clear, or with TLS, whose settings are made anew for each connection. */
export type Way = "clear" | (() => ConnectionOptions);

/** Where this process runs, as far as it matters here. */
type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The ways of connecting that a configuration allows, in the order in which they are tried.
 *
 * @param given `sslmode`; empty: PGSSLMODE, else TLS without a look at the certificate
 * @param rootCertificate `sslrootcert`, a path or `system`; empty: PGSSLROOTCERT, and for every mode that is
 *   named ~/.postgresql/root.crt where it exists
 * @throws ProviderError for a mode that there is not
 */
export function ways(
  given: string,
  rootCertificate: string,
  host: string,
  env: Environment,
): readonly [Way, ...Way[]] {
  if (host.startsWith("/")) return ["clear"]; // a socket of this machine
  const roots = rootCertificate || env["PGSSLROOTCERT"] || "";
  const mode = given || env["PGSSLMODE"] || (roots === "system" ? "verify-full" : "");
  if (mode && !isMode(mode)) {
    throw new ProviderError(
      `pq: wrong value for "sslmode": ${JSON.stringify(mode)} is not supported; supported values are ` +
        `${modes.slice(0, -1).join(", ")}, or ${modes.at(-1)}`,
    );
  }
  if (roots === "system" && mode !== "verify-full") {
    throw new ProviderError(
      `pq: weak sslmode "${mode}" may not be used with sslrootcert=system (use "verify-full")`,
    );
  }
  const encrypted = (as: string): Way => {
    return () => tlsSettings(as, roots, host, env);
  };
  if (mode === "disable") return ["clear"];
  if (mode === "allow") return ["clear", encrypted("require")];
  if (mode === "prefer") return [encrypted("prefer"), "clear"];
  return [encrypted(mode)];
}

/**
 * Whether the next way is to be tried after this one has failed: after TLS where it was only preferred, after
 * a connection in clear where the server itself refused it.
 */
export function mayTryNext(way: Way, error: Error): boolean {
  if (way === "clear") return "severity" in error;
  const { code = "" } = error as NodeJS.ErrnoException;
  return !("severity" in error) && !/^(ECONN|ENOTFOUND|EAI_|EHOST|ENET|ETIMEDOUT)/.test(code);
}

/** The error of a connection with TLS, as lib/pq and Go word it; undefined: it is not about TLS. */
export function tlsReason(error: NodeJS.ErrnoException): string | undefined {
  if (/does not support SSL|establishing an SSL connection/.test(error.message)) {
    return "pq: SSL is not enabled on the server";
  }
  if (error instanceof NameError) return error.message;
  const { code = "" } = error;
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") {
    return "tls: failed to verify certificate: x509: certificate has expired or is not yet valid";
  }
  const unknown = /^(UNABLE_TO_VERIFY_LEAF|UNABLE_TO_GET_ISSUER|SELF_SIGNED|DEPTH_ZERO_SELF)/;
  if (unknown.test(code)) {
    return "tls: failed to verify certificate: x509: certificate signed by unknown authority";
  }
  return undefined;
}

function isMode(text: string): text is SslMode {
  return (modes as readonly string[]).includes(text);
}

function tlsSettings(mode: string, given: string, host: string, env: Environment) {
  let roots = given;
  if (!roots && mode) {
    const own = path.join(env["HOME"] || os.homedir(), ".postgresql/root.crt");
    if (fs.existsSync(own)) roots = own;
  }
  // `require` looks at the certificate if there is something to hold it against, like libpq.
  const verified = mode === "verify-ca" || mode === "verify-full" || fs.existsSync(roots);
  if (!verified) return { rejectUnauthorized: false };
  return {
    ca: roots && roots !== "system" ? certificatesIn(roots) : systemCertificates(env),
    allowPartialTrustChain: true, // a root is whatever is trusted, an intermediate or the server's own too
    rejectUnauthorized: true,
    checkServerIdentity: (_name: string, certificate: PeerCertificate): Error | undefined =>
      mode === "verify-full" ? nameError(host, certificate) : undefined,
  };
}

function certificatesIn(file: string): string[] {
  const found = blocks(readFile(file));
  if (found.length === 0) throw new ProviderError("pq: couldn't parse pem from sslrootcert");
  return found;
}

function readFile(file: string): string {
  try {
    return fs.readFileSync(file, "latin1");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EISDIR") throw new ProviderError(`read ${file}: is a directory`);
    const reason = code === "ENOENT" ? "no such file or directory" : "permission denied";
    throw new ProviderError(`open ${file}: ${reason}`);
  }
}

function blocks(text: string): string[] {
  const found = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  return found.filter((block) => {
    try {
      return new X509Certificate(block);
    } catch {
      return false;
    }
  });
}

/** What the system trusts, from where Go looks for it; undefined: what Node brings along. */
function systemCertificates(env: Environment): string[] | undefined {
  const places = env["SSL_CERT_FILE"]
    ? [env["SSL_CERT_FILE"]]
    : [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/pki/tls/cacert.pem",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/ssl/cert.pem",
      ];
  const place = places.find((file) => fs.existsSync(file));
  return place ? blocks(readFile(place)) : undefined;
}

class NameError extends Error {}

/** Go's answer: unlike Node it never takes a certificate's common name for the server's. */
function nameError(host: string, certificate: PeerCertificate): Error | undefined {
  const named = certificate.subjectaltname;
  if (named && !checkServerIdentity(host, certificate)) return undefined;
  const kind = net.isIP(host) ? "IP Address:" : "DNS:";
  const names = (named ?? "").split(", ").filter((one) => one.startsWith(kind));
  const valid = names.map((one) => one.slice(kind.length)).join(", ");
  const reason =
    !named && certificate.subject.CN === host
      ? "certificate relies on legacy Common Name field, use SANs instead"
      : valid
        ? `certificate is valid for ${valid}, not ${host}`
        : net.isIP(host)
          ? `cannot validate certificate for ${host} because it doesn't contain any IP SANs`
          : `certificate is not valid for any names, but wanted to match ${host}`;
  return new NameError(`tls: failed to verify certificate: x509: ${reason}`);
}

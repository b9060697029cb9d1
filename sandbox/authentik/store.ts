/** The sandbox's Authentik keeps everything here, in memory; it is gone when the process ends. */
import { createHash, randomUUID } from "node:crypto";

import type {
  ApplicationRow,
  BindingRow,
  CertificateRow,
  Consent,
  FlowRow,
  GroupRow,
  MappingRow,
  ProviderRow,
  RoleRow,
  TokenRow,
  UserRow,
} from "./model";

/** Authentik numbers users and providers and gives everything else a UUID. */
type Key = string | number;

/** Objects of one kind, in the order they were made. */
export class Table<T extends { pk: Key }> {
  private readonly rows = new Map<Key, T>();

  /** All objects, oldest first. */
  all(): T[] {
    return [...this.rows.values()];
  }

  /** The object with this key. */
  get(pk: T["pk"] | null | undefined): T | undefined {
    return pk === null || pk === undefined ? undefined : this.rows.get(pk);
  }

  /** The first object that fits. */
  find(fits: (row: T) => boolean): T | undefined {
    return this.all().find(fits);
  }

  /** Adds an object, or replaces the one with its key. */
  put(row: T): T {
    this.rows.set(row.pk, row);
    return row;
  }

  /** Removes the object; false when there was none. */
  remove(pk: T["pk"]): boolean {
    return this.rows.delete(pk);
  }
}

const TABLES = [
  "flows",
  "mappings",
  "certificates",
  "providers",
  "applications",
  "groups",
  "bindings",
  "users",
  "tokens",
  "roles",
] as const;

/** A store as plain data. */
export interface Snapshot {
  readonly lastNumber: number;
  readonly consents: readonly Consent[];
  readonly tables: Readonly<Record<string, readonly { pk: Key }[]>>;
}

/** Everything that this Authentik knows. */
export class Store {
  readonly flows = new Table<FlowRow>();
  readonly mappings = new Table<MappingRow>();
  readonly certificates = new Table<CertificateRow>();
  readonly providers = new Table<ProviderRow>();
  readonly applications = new Table<ApplicationRow>();
  readonly groups = new Table<GroupRow>();
  readonly bindings = new Table<BindingRow>();
  readonly users = new Table<UserRow>();
  readonly tokens = new Table<TokenRow>();
  readonly roles = new Table<RoleRow>();
  private consents: Consent[] = [];
  private lastNumber = 0;

  /** Everything as plain data, for a file. */
  snapshot(): Snapshot {
    const { lastNumber, consents } = this;
    const rows = TABLES.map((name) => [name, this[name].all()] as const);
    return { lastNumber, consents, tables: Object.fromEntries(rows) };
  }

  /** A store with everything that a snapshot has. */
  static from(snapshot: Snapshot): Store {
    const store = new Store();
    store.lastNumber = snapshot.lastNumber;
    store.consents = [...snapshot.consents];
    for (const name of TABLES) {
      const table = store[name] as Table<{ pk: Key }>;
      for (const row of snapshot.tables[name] ?? []) table.put(row);
    }
    return store;
  }

  /** A new UUID for an object. */
  newId(): string {
    return randomUUID();
  }

  /** The next number for a user or a provider. */
  nextNumber(): number {
    this.lastNumber += 1;
    return this.lastNumber;
  }

  /** The application that has this provider. */
  applicationOf(provider: ProviderRow): ApplicationRow | undefined {
    return this.applications.find((application) => application.provider === provider.pk);
  }

  /** The groups that a user is in, those that come through a parent group included. */
  groupsOf(user: UserRow): GroupRow[] {
    const found = new Set(this.groups.all().filter((group) => group.users.includes(user.pk)));
    for (const group of found) {
      for (const parent of group.parents) {
        const row = this.groups.get(parent);
        if (row) found.add(row);
      }
    }
    return [...found];
  }

  /** Whether one of the user's groups makes it an administrator. */
  isSuperuser(user: UserRow): boolean {
    return this.groupsOf(user).some((group) => group.is_superuser);
  }

  /** What the roles of the user's groups permit. */
  permissionsOf(user: UserRow): ReadonlySet<string> {
    const roles = this.groupsOf(user).flatMap((group) => group.roles);
    return new Set(roles.flatMap((pk) => this.roles.get(pk)?.permissions ?? []));
  }

  /** Authentik's hashed user ID: stable for a user, and what `sub` is by default. */
  uidOf(user: UserRow): string {
    return createHash("sha256").update(`${user.pk}-sandbox`).digest("hex");
  }

  /** Deletes a provider; an application that had it stays, without one. */
  deleteProvider(pk: number): boolean {
    for (const application of this.applications.all()) {
      if (application.provider === pk) application.provider = null;
    }
    return this.providers.remove(pk);
  }

  /** Deletes an application and the bindings on it. */
  deleteApplication(pk: string): boolean {
    this.dropBindings((binding) => binding.target === pk);
    this.consents = this.consents.filter((consent) => consent.application !== pk);
    return this.applications.remove(pk);
  }

  /** Deletes a group and the bindings of it. */
  deleteGroup(pk: string): boolean {
    this.dropBindings((binding) => binding.group === pk);
    return this.groups.remove(pk);
  }

  /** Deletes a role and takes it from the groups that had it. */
  deleteRole(pk: string): boolean {
    for (const group of this.groups.all()) group.roles = group.roles.filter((role) => role !== pk);
    return this.roles.remove(pk);
  }

  /** Deletes a user, its tokens, memberships and bindings. */
  deleteUser(pk: number): boolean {
    this.dropBindings((binding) => binding.user === pk);
    for (const group of this.groups.all()) group.users = group.users.filter((user) => user !== pk);
    for (const token of this.tokens.all()) if (token.user === pk) this.tokens.remove(token.pk);
    this.consents = this.consents.filter((consent) => consent.user !== pk);
    return this.users.remove(pk);
  }

  /** Deletes a certificate; providers that signed with it have no signing key any more. */
  deleteCertificate(pk: string): boolean {
    for (const provider of this.providers.all()) {
      if (provider.signing_key === pk) provider.signing_key = null;
      if (provider.encryption_key === pk) provider.encryption_key = null;
    }
    return this.certificates.remove(pk);
  }

  /** Deletes a scope mapping and takes it from the providers that used it. */
  deleteMapping(pk: string): boolean {
    for (const provider of this.providers.all()) {
      provider.property_mappings = provider.property_mappings.filter((used) => used !== pk);
    }
    return this.mappings.remove(pk);
  }

  /** The scopes that a user agreed to share with an application, none when it has run out. */
  consentOf(user: number, application: string): readonly string[] {
    const consent = this.consents.find(
      (given) => given.user === user && given.application === application,
    );
    return consent && consent.expires > Date.now() ? consent.scopes : [];
  }

  /** Remembers a consent in the place of an earlier one. */
  giveConsent(consent: Consent): void {
    this.consents = this.consents.filter(
      (given) => given.user !== consent.user || given.application !== consent.application,
    );
    this.consents.push(consent);
  }

  private dropBindings(fits: (binding: BindingRow) => boolean): void {
    for (const binding of this.bindings.all()) if (fits(binding)) this.bindings.remove(binding.pk);
  }
}

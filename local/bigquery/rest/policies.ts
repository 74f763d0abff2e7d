import type { Store } from '../storage/store.ts';
import { changedTable, newEtag } from '../tables/new-resource.ts';
import type { Table, TableRef } from '../tables/schema.ts';
import { asArray, asObject, asText, type JsonObject } from './http/json.ts';

/** The property of a table's resource that holds its policy; it is not shown with the table. */
export const POLICY = 'iamPolicy';

/** Members that the local user counts among. */
const LOCAL = new Set(['allUsers', 'allAuthenticatedUsers', 'user:local@tributary.invalid']);
/** The permissions of the roles for data. Owners and admins have all. */
const ROLES: Readonly<Record<string, RegExp>> = {
  'roles/bigquery.metadataViewer': /\.(?:get|list)$/,
  'roles/bigquery.dataViewer': /\.(?:get|getData|list|export|replicateData|createSnapshot)$/,
  'roles/bigquery.dataEditor': /^bigquery\.(?:tables|models|routines|datasets)\.(?!setIamPolicy)/,
};

export function readPolicy(table: Table): JsonObject {
  const policy = asObject(table.extra[POLICY] as JsonObject | undefined);
  return { version: 1, etag: table.etag, ...policy };
}

/** Keeps the policy. It is obeyed by testIamPermissions. */
export async function writePolicy(
  store: Store,
  ref: TableRef,
  body: JsonObject,
): Promise<JsonObject> {
  const table = store.requireTable(ref);
  const { bindings, version } = asObject(body['policy']);
  const policy = { version: version ?? 1, bindings: asArray(bindings), etag: newEtag() };
  const next = changedTable(table, { extra: { ...table.extra, [POLICY]: policy } });
  await store.updateTable(next, []);
  return policy;
}

/** Everybody has every permission on a table without a policy. */
export function allowed(table: Table, permissions: readonly string[]): string[] {
  const policy = table.extra[POLICY] as JsonObject | undefined;
  if (policy === undefined) return [...permissions];
  const roles = asArray(policy['bindings'])
    .map(asObject)
    .filter(({ members }) => asArray(members).some((member) => LOCAL.has(String(member))))
    .map(({ role }) => asText(role) ?? '');
  return permissions.filter((permission) => roles.some((role) => grants(role, permission)));
}

function grants(role: string, permission: string): boolean {
  if (/^roles\/(?:owner|editor|bigquery\.(?:admin|dataOwner))$/.test(role)) return true;
  return Object.hasOwn(ROLES, role) && (ROLES[role]?.test(permission) ?? false);
}

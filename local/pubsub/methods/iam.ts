import { createHash } from 'node:crypto';
import type { Broker } from '../broker.ts';
import { invalid, PubsubError } from '../errors.ts';
import type { Method } from './method.ts';

interface Binding {
  role?: string | null;
  members?: string[] | null;
  condition?: object | null;
}

interface Policy {
  version?: number | null;
  bindings?: Binding[] | null;
  etag?: Uint8Array | null;
}

interface Request {
  resource?: string | null;
  policy?: Policy | null;
  permissions?: string[] | null;
}

const KIND = 'iam';
/** The etag of a policy that nobody has set, as at Google. */
const FIRST_ETAG = Buffer.from('ACAB', 'base64');

/** Policies are kept, and not obeyed: everybody has every permission of what exists, and none of what does not. */
export function iamMethods(broker: Broker): Record<string, Method> {
  const policies = broker.store.documents(KIND);
  const policyOf = (resource: string): Policy => {
    const text = policies.get(resource);
    if (!text) return { version: 0, bindings: [], etag: FIRST_ETAG };
    return { ...JSON.parse(text), etag: etagOf(text) };
  };
  broker.onDeleted((resource) => {
    if (policies.delete(resource)) broker.store.deleteDocument(KIND, resource);
  });
  return {
    GetIamPolicy: ({ resource }: Request) => policyOf(checkResource(broker, resource)),
    SetIamPolicy: ({ resource, policy }: Request) => {
      const name = checkResource(broker, resource);
      if (!policy) throw invalid('The request has no policy.');
      const { etag } = policyOf(name);
      if (policy.etag?.length && etag && !Buffer.from(etag).equals(policy.etag)) {
        throw new PubsubError(
          'ABORTED',
          'There were concurrent policy changes: the etag is not that of the present policy. Read the policy and set it again.',
        );
      }
      const text = JSON.stringify({
        version: policy.version ?? 0,
        bindings: (policy.bindings ?? []).map(checkBinding),
        serial: Date.now(),
      });
      broker.store.saveDocument(KIND, name, text);
      policies.set(name, text);
      return policyOf(name);
    },
    TestIamPermissions: ({ resource, permissions }: Request) => ({
      permissions: broker.exists(resource ?? '') ? (permissions ?? []) : [],
    }),
  };
}

function checkBinding({ role, members, condition }: Binding): Binding {
  if (!role?.startsWith('roles/') && !/^(projects|organizations)\/.+\/roles\//.test(role ?? '')) {
    throw invalid(`Role ${role ?? ''} is not supported: its name begins with "roles/".`);
  }
  for (const member of members ?? []) {
    const sound =
      /^(user|serviceAccount|group|domain|principal|principalSet|deleted):./.test(member) ||
      member === 'allUsers' ||
      member === 'allAuthenticatedUsers';
    if (!sound) throw invalid(`The member ${member} is of unknown type.`);
  }
  return { role: role ?? '', members: members ?? [], ...(condition && { condition }) };
}

function checkResource(broker: Broker, resource: string | null | undefined): string {
  if (broker.exists(resource ?? '')) return resource ?? '';
  throw new PubsubError('NOT_FOUND', `Resource not found (resource=${resource ?? ''}).`);
}

function etagOf(text: string): Buffer {
  return createHash('sha256').update(text).digest().subarray(0, 8);
}

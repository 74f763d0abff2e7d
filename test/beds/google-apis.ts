import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { googleOrigins, type Origins } from '../../cli/production/google/google-apis.ts';

interface Policy {
  etag: string;
  bindings: { role: string; members: string[]; condition?: unknown }[];
}

interface Answer {
  status?: number;
  body: unknown;
}

/**
 * What stands in for the APIs of Google that this machine has no server for: Service Usage, Resource Manager, IAM
 * with its policies and keys, and a token endpoint. It keeps what it is told, and fails as it is told.
 */
export class GoogleApisDouble {
  readonly project: string;
  readonly services = new Map<string, 'ENABLED' | 'DISABLED'>();
  /** By address. */
  readonly accounts = new Map<string, { displayName: string; disabled?: boolean }>();
  readonly keys = new Map<string, string[]>();
  /** By the path of the resource: `projects/p/topics/t`, `b/bucket`. */
  readonly policies = new Map<string, Policy>();
  /** Method and path of each request that would change something. */
  readonly changes: string[] = [];
  /** Requests to these are a 403. */
  forbidden: RegExp | undefined;
  /** Policies with a new account are refused so often, and keys of it. */
  invisibleFor = 0;
  /** Policies were changed by another so often, between reading and writing. */
  conflicts = 0;
  keysForbidden = false;
  /** IAM answers so often that it is not enabled. */
  disabledFor = 0;
  /** The token endpoint accepts a request and never answers. */
  isTokenHanging = false;
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  #port = 0;

  constructor(project: string) {
    this.project = project;
  }

  static async start(project: string): Promise<GoogleApisDouble> {
    const double = new GoogleApisDouble(project);
    await new Promise<void>((resolve) => double.#server.listen(0, '127.0.0.1', resolve));
    double.#port = (double.#server.address() as AddressInfo).port;
    return double;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get origins(): Origins {
    return Object.fromEntries(Object.keys(googleOrigins).map((api) => [api, this.url])) as Record<
      keyof Origins,
      string
    >;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  membersOf(resource: string, role: string): string[] {
    const bindings = this.policies.get(resource)?.bindings ?? [];
    return bindings.filter((binding) => binding.role === role).flatMap(({ members }) => members);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const path = request.url ?? '';
    if (path === '/token' && this.isTokenHanging) return;
    const isJson = request.headers['content-type']?.startsWith('application/json') ?? false;
    const body = isJson && text !== '' ? (JSON.parse(text) as Record<string, unknown>) : {};
    const { status = 200, body: answer } = this.#route(request.method ?? '', path, body);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer));
  }

  #route(method: string, path: string, body: Record<string, unknown>): Answer {
    if (path === '/token') return { body: tokenAnswer };
    if (path.includes('/serviceAccounts') && this.disabledFor > 0) {
      this.disabledFor--;
      return refusal(
        403,
        'PERMISSION_DENIED',
        `IAM API has not been used in project ${this.project}`,
      );
    }
    if (this.forbidden?.test(`${method} ${path}`)) return refusal(403, 'PERMISSION_DENIED');
    const [, , project = ''] = path.split('/').slice(1);
    const isOfProject = path.startsWith('/v1/projects/');
    if (isOfProject && project.split(':')[0] !== this.project) {
      return refusal(403, 'PERMISSION_DENIED');
    }
    if (method !== 'GET' && !path.endsWith(':getIamPolicy')) this.changes.push(`${method} ${path}`);
    return (
      this.#services(method, path) ??
      this.#policies(method, path, body) ??
      this.#accounts(method, path, body) ??
      refusal(404, 'NOT_FOUND', `no such method: ${method} ${path}`)
    );
  }

  #services(method: string, path: string): Answer | undefined {
    if (path.startsWith('/v1/operations/')) return { body: { name: path.slice(4), done: true } };
    const [, name = '', verb] = /\/services\/([^:]+)(:enable)?$/.exec(path) ?? [];
    if (name === '') return undefined;
    if (verb && method === 'POST') {
      this.services.set(name, 'ENABLED');
      return { body: { name: `operations/${name}`, done: false } };
    }
    return { body: { name, state: this.services.get(name) ?? 'DISABLED' } };
  }

  #policies(method: string, path: string, body: Record<string, unknown>): Answer | undefined {
    const [, resource = '', verb = ''] =
      /^\/v1\/(.+):(getIamPolicy|setIamPolicy)/.exec(path) ??
      /^\/storage\/v1\/(b\/[^/]+)\/(iam)/.exec(path) ??
      [];
    if (resource === '') return undefined;
    const policy = this.policies.get(resource) ?? { etag: 'none', bindings: [] };
    if (verb === 'getIamPolicy' || method === 'GET') return { body: policy };
    const next = (body['policy'] ?? body) as Policy;
    if (this.invisibleFor > 0) {
      this.invisibleFor--;
      return refusal(400, 'INVALID_ARGUMENT', 'Service account x does not exist.');
    }
    if (this.conflicts > 0) {
      this.conflicts--;
      const bindings = [...policy.bindings, { role: 'roles/viewer', members: ['user:other'] }];
      this.policies.set(resource, { etag: randomBytes(4).toString('hex'), bindings });
      return refusal(409, 'ABORTED', 'There were concurrent policy changes.');
    }
    if (next.etag !== policy.etag) return refusal(409, 'ABORTED', 'The etag is stale.');
    const stored = { ...next, etag: randomBytes(4).toString('hex') };
    this.policies.set(resource, stored);
    return { body: stored };
  }

  #accounts(method: string, path: string, body: Record<string, unknown>): Answer | undefined {
    const [, email, keys] = /\/serviceAccounts(?:\/([^/?]+)(\/keys)?)?/.exec(path) ?? [];
    if (!path.includes('/serviceAccounts')) return undefined;
    if (email === undefined) {
      const made = `${String(body['accountId'])}@${this.project}.iam.gserviceaccount.com`;
      const { displayName } = body['serviceAccount'] as { displayName: string };
      this.accounts.set(made, { displayName });
      return { body: { email: made, displayName } };
    }
    const account = this.accounts.get(email);
    if (!account) return refusal(404, 'NOT_FOUND', 'Unknown service account');
    if (keys === undefined) return { body: { email, ...account } };
    const ids = this.keys.get(email) ?? [];
    if (method === 'GET') return { body: { keys: ids.map((id) => ({ name: `keys/${id}` })) } };
    if (this.keysForbidden) {
      return refusal(
        400,
        'FAILED_PRECONDITION',
        'Key creation is not allowed on this service account.',
      );
    }
    const id = randomBytes(20).toString('hex');
    this.keys.set(email, [...ids, id]);
    const file = JSON.stringify({
      type: 'service_account',
      project_id: this.project,
      private_key_id: id,
      private_key: privateKey,
      client_email: email,
      token_uri: `${this.url}/token`,
    });
    return { body: { privateKeyData: Buffer.from(file).toString('base64') } };
  }
}

const tokenAnswer = {
  access_token: 'token-of-the-tests',
  issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  token_type: 'Bearer',
  expires_in: 3600,
};

const privateKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
}) as string;

function refusal(status: number, reason: string, message = 'The caller may not do this.'): Answer {
  return { status, body: { error: { code: status, status: reason, message } } };
}

/** Credentials, as a file that GOOGLE_APPLICATION_CREDENTIALS names, whose tokens come from this machine. */
export function credentialsFile(tokenUrl: string, subjectTokenFile: string): string {
  return JSON.stringify({
    type: 'external_account',
    audience:
      '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: tokenUrl,
    credential_source: { file: subjectTokenFile },
  });
}

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Answer {
  status?: number;
  /** https://developers.cloudflare.com/api: a code of Cloudflare's own. */
  error?: { code: number; message: string };
  result?: unknown;
}

/**
 * What stands in for Cloudflare's API, for the real wrangler: `CLOUDFLARE_API_BASE_URL` names it. It keeps the
 * Worker's secrets, queues and buckets.
 */
export class CloudflareApiDouble {
  /** Undefined before the first deployment. */
  secrets: Map<string, string> | undefined;
  readonly queues = new Map<string, { message_retention_period?: number }>();
  readonly buckets = new Set<string>();
  /** Method and path of what changed anything. */
  readonly changes: string[] = [];
  /** Every request is refused, as with a wrong token. */
  isRefusing = false;
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  static async start(): Promise<CloudflareApiDouble> {
    const double = new CloudflareApiDouble();
    await new Promise<void>((resolve) => double.#server.listen(0, '127.0.0.1', resolve));
    return double;
  }

  /** For wrangler. */
  get environment(): NodeJS.ProcessEnv {
    const { port } = this.#server.address() as AddressInfo;
    return {
      CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${port}/client/v4`,
      CLOUDFLARE_API_TOKEN: 'token-of-the-tests',
      CLOUDFLARE_ACCOUNT_ID: 'account',
      WRANGLER_SEND_METRICS: 'false',
    };
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const [path = ''] = (request.url ?? '').replace('/client/v4/accounts/account', '').split('?');
    const method = request.method ?? '';
    const {
      status = 200,
      error,
      result = null,
    } = this.isRefusing
      ? refusal(400, 10_000, 'Authentication error')
      : await this.#route(method, path, request.url ?? '', body, request.headers['content-type']);
    if (method !== 'GET' && !error) this.changes.push(`${method} ${path}`);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({ success: !error, errors: error ? [error] : [], messages: [], result }),
    );
  }

  async #route(
    method: string,
    path: string,
    url: string,
    body: Buffer,
    contentType = '',
  ): Promise<Answer> {
    const key = `${method} ${path}`;
    const json = () => JSON.parse(body.toString()) as Record<string, unknown>;
    switch (key) {
      case 'GET /workers/scripts/tributary/secrets':
        return this.secrets
          ? { result: [...this.secrets.keys()].map((name) => ({ name, type: 'secret_text' })) }
          : noWorker;
      case 'GET /workers/services/tributary':
        return this.secrets
          ? {
              result: {
                id: 'tributary',
                default_environment: { script: { tag: 't', last_deployed_from: 'wrangler' } },
              },
            }
          : noWorker;
      case 'PUT /workers/scripts/tributary':
        await this.#deploy(body, contentType);
        return { result: { id: 'tributary', etag: 'e', startup_time_ms: 3, deployment_id: 'd' } };
      case 'POST /workers/scripts/tributary/versions':
        await this.#deploy(body, contentType);
        return {
          result: { id: 'v', startup_time_ms: 3, resources: { script: { etag: 'e' } } },
        };
      case 'POST /workers/scripts/tributary/deployments':
      case 'GET /workers/scripts/tributary/script-settings':
      case 'PATCH /workers/scripts/tributary/script-settings':
        return { result: { id: 'd' } };
      case 'GET /workers/scripts/tributary/deployments':
        return { result: { deployments: [] } };
      case 'GET /workers/scripts/tributary/settings':
        return this.secrets ? { result: { bindings: [] } } : noWorker;
      case 'GET /workers/workers/tributary':
        return { result: { id: 'tributary', name: 'tributary', tags: [], subdomain } };
      case 'GET /workers/subdomain':
        return { result: { subdomain: 'acme' } };
      case 'GET /workers/scripts/tributary/subdomain':
      case 'POST /workers/scripts/tributary/subdomain':
        return { result: subdomain };
      case 'GET /queues': {
        const name = new URL(url, 'http://x').searchParams.get('name') ?? '';
        const queue = this.queues.get(name);
        return {
          result: queue
            ? [{ queue_name: name, queue_id: name, producers: [], consumers: [], settings: queue }]
            : [],
        };
      }
      case 'POST /queues': {
        const { queue_name, settings } = json() as { queue_name: string; settings?: object };
        this.queues.set(queue_name, settings ?? {});
        return { result: { queue_name, queue_id: queue_name } };
      }
      case 'POST /r2/buckets': {
        const { name } = json() as { name: string };
        this.buckets.add(name);
        return { result: { name } };
      }
      default:
        return this.#one(method, path);
    }
  }

  #one(method: string, path: string): Answer {
    const [, kind, , name = ''] = /^\/(queues|r2)(\/buckets)?\/([^/]+)$/.exec(path) ?? [];
    if (method === 'GET' && kind === 'r2') {
      return this.buckets.has(name)
        ? { result: { name, creation_date: '2026-11-01T00:00:00Z', location: 'EEUR' } }
        : refusal(404, 10_006, 'The specified bucket does not exist.');
    }
    if (method === 'GET' && kind === 'queues') {
      return { result: { queue_name: name, queue_id: name, producers: [], consumers: [] } };
    }
    return refusal(404, 7003, `no such route: ${method} ${path}`);
  }

  /** A Worker is uploaded as a form, whose part `metadata` has its bindings, secrets among them. */
  async #deploy(body: Buffer, contentType: string): Promise<void> {
    const form = await new Response(new Uint8Array(body), {
      headers: { 'content-type': contentType },
    }).formData();
    const metadata = JSON.parse(String(form.get('metadata'))) as {
      bindings: { type: string; name: string; text: string }[];
    };
    this.secrets ??= new Map();
    for (const { type, name, text } of metadata.bindings) {
      if (type === 'secret_text') this.secrets.set(name, text);
    }
  }
}

const subdomain = { enabled: true, previews_enabled: false };

const noWorker = refusal(404, 10_007, 'This Worker does not exist on your account.');

function refusal(status: number, code: number, message: string): Answer {
  return { status, error: { code, message } };
}

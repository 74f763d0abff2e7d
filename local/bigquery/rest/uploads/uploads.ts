import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { BigQueryError } from '../../errors.ts';
import { describeJob } from '../../jobs/job.ts';
import type { Jobs } from '../../jobs/jobs.ts';
import type { JsonObject } from '../http/json.ts';
import { type Call, parseJson, type Reply, type Router } from '../http/router.ts';
import { splitMultipart } from './multipart.ts';

const PATHS = ['/upload', '/resumable/upload'].map(
  (prefix) => `${prefix}/bigquery/v2/projects/:projectId/jobs`,
);

interface Session {
  projectId: string;
  resource: JsonObject;
  file: string;
  /** The number of bytes in the file. */
  received: number;
  /** The final reply, for a client that asks again. */
  done?: Reply;
}

/**
 * Uploads of load jobs: the file comes in one request with the job (multipart) or in chunks (resumable).
 * Sessions are kept in memory; after a restart a client must begin again.
 */
export class Uploads {
  readonly #jobs: Jobs;
  readonly #directory: string;
  readonly #sessions = new Map<string, Session>();

  private constructor(jobs: Jobs, directory: string) {
    this.#jobs = jobs;
    this.#directory = directory;
  }

  /** Removes files of an earlier process, because their jobs have ended. */
  static async open(jobs: Jobs, directory: string): Promise<Uploads> {
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return new Uploads(jobs, directory);
  }

  route(router: Router): void {
    for (const path of PATHS) {
      router.on('POST', path, (call) =>
        call.query.get('uploadType') === 'resumable' ? this.#begin(call) : this.#multipart(call),
      );
      router.on('PUT', path, (call) => this.#resume(call));
      router.on('DELETE', path, (call) => this.#abandon(call));
    }
  }

  #newFile(): string {
    return join(this.#directory, randomUUID());
  }

  async #multipart(call: Call): Promise<Reply> {
    const type = call.message.headers['content-type'] ?? '';
    const { head, media } = await splitMultipart(type, call.message);
    const file = this.#newFile();
    try {
      await pipeline(media, createWriteStream(file));
      return await this.#start(call.path['projectId'] ?? '', parseJson(head), file);
    } catch (cause) {
      await rm(file, { force: true });
      throw cause;
    }
  }

  async #start(projectId: string, resource: JsonObject, file: string): Promise<Reply> {
    return { body: describeJob(await this.#jobs.startLoad(projectId, resource, file)) };
  }

  async #begin(call: Call): Promise<Reply> {
    const resource = await call.json();
    const id = randomUUID();
    const file = this.#newFile();
    const { projectId = '' } = call.path;
    // An empty upload sends no chunk, so the file is created here.
    await writeFile(file, '');
    this.#sessions.set(id, { projectId, resource, file, received: 0 });
    const host = call.message.headers.host ?? 'localhost';
    const location = `http://${host}/upload/bigquery/v2/projects/${encodeURIComponent(projectId)}/jobs?uploadType=resumable&upload_id=${id}`;
    return { status: 200, headers: { location, 'x-guploader-uploadid': id }, body: {} };
  }

  #session(call: Call): { id: string; session: Session } {
    const id = call.query.get('upload_id') ?? '';
    const session = this.#sessions.get(id);
    if (session === undefined) throw new BigQueryError('notFound', 'Not found: the upload session');
    return { id, session };
  }

  async #resume(call: Call): Promise<Reply> {
    const { id, session } = this.#session(call);
    if (session.done !== undefined) return session.done;
    const range = readRange(call.message.headers['content-range']);
    if (range.start !== undefined) await receive(session, range.start, call);
    // Without a Content-Range, the body is the whole file.
    const total = range.whole ? session.received : range.total;
    if (total === undefined || session.received < total) return incomplete(session);
    try {
      session.done = await this.#start(session.projectId, session.resource, session.file);
      return session.done;
    } catch (cause) {
      this.#sessions.delete(id);
      await rm(session.file, { force: true });
      throw cause;
    }
  }

  async #abandon(call: Call): Promise<Reply> {
    const { id, session } = this.#session(call);
    this.#sessions.delete(id);
    if (session.done === undefined) await rm(session.file, { force: true });
    return { status: 499, body: {} };
  }
}

interface Range {
  /** The offset of the first byte; absent in a status request, which has no bytes. */
  start?: number;
  total?: number;
  whole: boolean;
}

/** Reads `bytes 0-99/200`, `bytes 0-99/*`, or a status request: an asterisk before `/200`. */
function readRange(header: string | undefined): Range {
  if (header === undefined) return { start: 0, whole: true };
  const match = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/.exec(header);
  if (match === null) throw new BigQueryError('badRequest', `Invalid Content-Range: ${header}`);
  const [, start, , total] = match;
  return {
    ...(start !== undefined && { start: Number(start) }),
    ...(total !== '*' && { total: Number(total) }),
    whole: false,
  };
}

/** Writes the new bytes of a chunk and skips bytes that were received before. */
async function receive(session: Session, start: number, call: Call): Promise<void> {
  if (start > session.received) {
    throw new BigQueryError('badRequest', `A gap in the upload: expected byte ${session.received}`);
  }
  let at = start;
  const fresh = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of call.message as AsyncIterable<Buffer>) {
      const known = Math.max(session.received - at, 0);
      at += chunk.length;
      if (known >= chunk.length) continue;
      const part = chunk.subarray(known);
      session.received += part.length;
      yield part;
    }
  };
  await pipeline(fresh, createWriteStream(session.file, { flags: 'a' }));
}

function incomplete(session: Session): Reply {
  const last = session.received - 1;
  return {
    status: 308,
    headers: {
      'content-length': '0',
      // Old clients read this header instead of the status.
      'x-http-status-code-override': '308',
      ...(last >= 0 && { range: `bytes=0-${last}` }),
    },
  };
}

import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { inPieces } from '../../../subscriber/exports/pieces.ts';
import { uploadJob } from '../../../subscriber/exports/resumable-upload.ts';
import { type Fault, startUploadServer } from './upload-server.ts';

const content = randomBytes(2500);
const job = { jobReference: { projectId: '{{projectId}}', jobId: 'job' } };

async function upload(faults: Record<number, Fault>, sent = content) {
  const server = await startUploadServer(faults);
  const stream = Readable.from([sent.subarray(0, 700), sent.subarray(700)]);
  const result = await uploadJob({
    bigquery: server.bigquery,
    job,
    pieces: inPieces(stream, 1000, content.length),
    bytes: content.length,
  });
  return { result, ...server };
}

describe('a resumable upload', () => {
  it('sends the content piece by piece, and the job with the project in it', async () => {
    const { result, uploaded, exchanges, job } = await upload({});
    expect(result).toBe('inserted');
    expect(uploaded()?.equals(content)).toBe(true);
    expect(exchanges).toEqual([
      'POST',
      'bytes 0-999/2500',
      'bytes 1000-1999/2500',
      'bytes 2000-2499/2500',
    ]);
    expect(job()).toEqual({ jobReference: { projectId: 'local-project', jobId: 'job' } });
  });

  it.each<[string, Record<number, Fault>, string[]]>([
    [
      '503 at the beginning',
      { 0: { kind: 'status', status: 503 } },
      ['POST', 'POST', 'bytes 0-999/2500'],
    ],
    ['a cut at the beginning', { 0: { kind: 'cut' } }, ['POST', 'POST', 'bytes 0-999/2500']],
    [
      '503 for a piece of which nothing was taken',
      { 2: { kind: 'status', status: 503 } },
      ['POST', 'bytes 0-999/2500', 'bytes 1000-1999/2500', 'bytes */2500', 'bytes 1000-1999/2500'],
    ],
    [
      'a cut in a piece of which a part was taken',
      { 2: { kind: 'cut', take: 300 } },
      ['POST', 'bytes 0-999/2500', 'bytes 1000-1999/2500', 'bytes */2500', 'bytes 1300-1999/2500'],
    ],
    [
      'a cut after a piece was taken',
      { 2: { kind: 'cut', take: 1000 } },
      ['POST', 'bytes 0-999/2500', 'bytes 1000-1999/2500', 'bytes */2500', 'bytes 2000-2499/2500'],
    ],
    [
      'a lost answer to the last piece',
      { 3: { kind: 'cut', take: 500 } },
      ['POST', 'bytes 0-999/2500', 'bytes 1000-1999/2500', 'bytes 2000-2499/2500', 'bytes */2500'],
    ],
    [
      'two failures in a row',
      { 1: { kind: 'cut' }, 2: { kind: 'status', status: 429 } },
      ['POST', 'bytes 0-999/2500', 'bytes */2500', 'bytes */2500', 'bytes 0-999/2500'],
    ],
  ])('survives %s', async (_, faults, beginning) => {
    const { result, uploaded, exchanges } = await upload(faults);
    expect(result).toBe('inserted');
    expect(uploaded()?.equals(content)).toBe(true);
    expect(exchanges.slice(0, beginning.length)).toEqual(beginning);
  });

  it.each([0, 3])('says when the job exists: 409 to request %i', async (number) => {
    const { result } = await upload({ [number]: { kind: 'status', status: 409 } });
    expect(result).toBe('duplicate');
  });

  it('makes no job of a source with fewer bytes than it declared', async () => {
    await expect(upload({}, content.subarray(0, 2400))).rejects.toMatchObject({
      code: 'export.upload',
      reaction: 'transient',
    });
  });

  it.each<[number, string, string]>([
    [400, 'invalid', 'invalid'],
    [403, 'accessDenied', 'transient'],
    [403, 'rateLimitExceeded', 'transient'],
    [404, 'notFound', 'transient'],
  ])('goes by the reason of a refusal: %i %s', async (status, reason, reaction) => {
    const body = JSON.stringify({ error: { message: 'no', errors: [{ reason }] } });
    await expect(upload({ 0: { kind: 'status', status, body } })).rejects.toMatchObject({
      reaction,
    });
  });
});

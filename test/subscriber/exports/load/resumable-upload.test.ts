import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { startUpload } from '../../../../subscriber/exports/load/resumable-upload.ts';
import { type Fault, startUploadBed } from '../../../beds/upload-bed.ts';

const unit = 256 * 1024;
const content = randomBytes(2.5 * unit);
const job = { jobReference: { projectId: '{{projectId}}', jobId: 'job' } };

interface Setting {
  faults?: Record<number, Fault>;
  sent?: Buffer;
}

async function begin({ faults = {}, sent = content }: Setting) {
  const server = await startUploadBed(faults);
  async function* read() {
    for (let at = 0; at < sent.length; at += 70_000) yield sent.subarray(at, at + 70_000);
  }
  const started = await startUpload({ bigquery: server.bigquery, job, content: read() });
  return { started, ...server };
}

async function upload(setting: Setting) {
  const { started, ...server } = await begin(setting);
  const result = started === 'duplicate' ? started : await started.finish();
  return { result, ...server };
}

/** A `Content-Range` in units. */
function range(first: number, end: number, bytes = content.length): string {
  // The last request has the total.
  const total = end * unit === bytes ? bytes : '*';
  return `bytes ${first * unit}-${end * unit - 1}/${total}`;
}

const question = 'bytes */*';
const lastQuestion = `bytes */${content.length}`;

describe('a resumable upload', () => {
  it('makes no job before its end is sent', async () => {
    const { started, uploaded, exchanges, job } = await begin({});
    expect(exchanges).toEqual(['POST', range(0, 2)]);
    expect(uploaded()).toBeUndefined();
    expect(started !== 'duplicate' && (await started.finish())).toBe('inserted');
    expect(uploaded()?.equals(content)).toBe(true);
    expect(exchanges).toEqual(['POST', range(0, 2), range(2, 2.5)]);
    expect(job()).toEqual({ jobReference: { projectId: 'local-project', jobId: 'job' } });
  });

  it.each([1, unit - 1, unit, unit + 1, 2 * unit])(
    'keeps the end of %i bytes back',
    async (bytes) => {
      const sent = content.subarray(0, bytes);
      const { started, uploaded } = await begin({ sent });
      expect(uploaded()).toBeUndefined();
      if (started !== 'duplicate') await started.finish();
      expect(uploaded()?.equals(sent)).toBe(true);
    },
  );

  it.each<[string, Record<number, Fault>, string[]]>([
    ['503 at the beginning', { 0: { kind: 'status', status: 503 } }, ['POST', 'POST', range(0, 2)]],
    ['a cut at the beginning', { 0: { kind: 'cut' } }, ['POST', 'POST', range(0, 2)]],
    [
      '503 for bytes of which none was taken',
      { 1: { kind: 'status', status: 503 } },
      ['POST', range(0, 2), question, range(0, 2), range(2, 2.5)],
    ],
    [
      'a cut after a part was taken',
      { 1: { kind: 'cut', take: unit } },
      ['POST', range(0, 2), question, range(1, 2), range(2, 2.5)],
    ],
    [
      'a cut after all was taken',
      { 1: { kind: 'cut', take: 2 * unit } },
      ['POST', range(0, 2), question, range(2, 2.5)],
    ],
    [
      '503 for the end',
      { 2: { kind: 'status', status: 503 } },
      ['POST', range(0, 2), range(2, 2.5), lastQuestion, range(2, 2.5)],
    ],
    [
      'a cut after a part of the end was taken',
      { 2: { kind: 'cut', take: unit / 4 } },
      ['POST', range(0, 2), range(2, 2.5), lastQuestion, range(2.25, 2.5)],
    ],
    [
      'a lost answer to the end',
      { 2: { kind: 'cut', take: unit / 2 } },
      ['POST', range(0, 2), range(2, 2.5), lastQuestion],
    ],
    [
      'two failures in a row',
      { 1: { kind: 'cut' }, 2: { kind: 'status', status: 429 } },
      ['POST', range(0, 2), question, question, range(0, 2)],
    ],
  ])('survives %s', async (_, faults, beginning) => {
    const { result, uploaded, exchanges } = await upload({ faults });
    expect(result).toBe('inserted');
    expect(uploaded()?.equals(content)).toBe(true);
    expect(exchanges.slice(0, beginning.length)).toEqual(beginning);
  });

  it('survives connections that end while it sends', async () => {
    const sent = randomBytes(100 * unit);
    const faults: Record<number, Fault> = {
      1: { kind: 'cut', early: true, take: 10 * unit },
      4: { kind: 'status', status: 503, early: true, take: 4 * unit },
      7: { kind: 'cut', early: true },
    };
    const { result, uploaded, exchanges } = await upload({ faults, sent });
    expect(result).toBe('inserted');
    expect(uploaded()?.equals(sent)).toBe(true);
    const ranges = exchanges.filter((exchange) => /^bytes \d/.test(exchange));
    expect(ranges.slice(0, 5)).toEqual([
      range(0, 16, 0),
      range(10, 16, 0),
      range(16, 32, 0),
      range(20, 32, 0),
      range(32, 48, 0),
    ]);
  });

  it.each([0, 1, 2])('returns `duplicate` if the job exists: 409 to request %i', async (number) => {
    const { result } = await upload({ faults: { [number]: { kind: 'status', status: 409 } } });
    expect(result).toBe('duplicate');
  });

  it('makes no job if the source breaks off', async () => {
    const server = await startUploadBed({});
    async function* broken() {
      yield content;
      throw new Error('the disk');
    }
    const options = { bigquery: server.bigquery, job, content: broken() };
    await expect(startUpload(options)).rejects.toThrow('the disk');
    expect(server.uploaded()).toBeUndefined();
  });

  it.each<[number, string, string]>([
    [400, 'invalid', 'export.bigquery-refused'],
    [403, 'accessDenied', 'export.bigquery'],
    [403, 'rateLimitExceeded', 'export.bigquery'],
    [404, 'notFound', 'export.bigquery'],
  ])('judges a rejection by its reason: %i %s', async (status, reason, code) => {
    const body = JSON.stringify({ error: { message: 'no', errors: [{ reason }] } });
    const faults: Record<number, Fault> = { 0: { kind: 'status', status, body } };
    await expect(upload({ faults })).rejects.toMatchObject({ code });
  });
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type BigQueryBed,
  PROJECT,
  queryRows,
  request,
  startBigQueryBed,
} from '../../beds/bigquery-bed.ts';

const UPLOAD = `/upload/bigquery/v2/projects/${PROJECT}/jobs`;
let server: BigQueryBed;

beforeAll(async () => {
  server = await startBigQueryBed();
  await server.bigquery.createDataset('d');
});

afterAll(() => server.stop());

function job(tableId: string, jobId = tableId): object {
  return {
    jobReference: { projectId: PROJECT, jobId },
    configuration: {
      load: {
        destinationTable: { projectId: PROJECT, datasetId: 'd', tableId },
        schema: { fields: [{ name: 'n', type: 'INTEGER' }] },
        sourceFormat: 'CSV',
      },
    },
  };
}

async function begin(resource: object): Promise<string> {
  const answer = await request(server, 'POST', `${UPLOAD}?uploadType=resumable`, resource, {
    'x-upload-content-type': '*/*',
  });
  expect(answer.status).toBe(200);
  return answer.headers.get('location') ?? '';
}

function put(session: string, range: string | undefined, body = ''): Promise<Response> {
  const headers = range === undefined ? {} : { 'content-range': range };
  return fetch(session, { method: 'PUT', headers, body });
}

async function finished(jobId: string): Promise<unknown> {
  for (;;) {
    const { body } = await request(server, 'GET', `/bigquery/v2/projects/${PROJECT}/jobs/${jobId}`);
    if (body.status?.state === 'DONE') return body.status;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('a resumable upload in chunks, with questions for its status and a chunk sent twice', async () => {
  const session = await begin(job('chunks'));
  const question = await put(session, 'bytes */12');
  expect([question.status, question.headers.get('range')]).toEqual([308, null]);

  const first = await put(session, 'bytes 0-4/*', '10\n20');
  expect([first.status, first.headers.get('range')]).toEqual([308, 'bytes=0-4']);
  const again = await put(session, 'bytes 3-8/*', '20\n30\n');
  expect([again.status, again.headers.get('range')]).toEqual([308, 'bytes=0-8']);
  expect((await put(session, 'bytes */*')).headers.get('range')).toBe('bytes=0-8');

  const gap = await put(session, 'bytes 11-11/12', '0');
  expect(gap.status).toBe(400);
  const last = await put(session, 'bytes 9-11/12', '40\n');
  expect(last.status).toBe(200);
  expect(await last.json()).toMatchObject({
    kind: 'bigquery#job',
    jobReference: { jobId: 'chunks' },
  });

  expect(await finished('chunks')).toEqual({ state: 'DONE' });
  expect(await queryRows(server, 'SELECT n FROM d.chunks ORDER BY n')).toEqual([
    ['10'],
    ['20'],
    ['30'],
    ['40'],
  ]);
  // A client that lost the response asks again and gets the same job.
  expect((await put(session, 'bytes */12')).status).toBe(200);
  expect(await queryRows(server, 'SELECT COUNT(*) FROM d.chunks')).toEqual([['4']]);
});

test('a resumable upload in one chunk, without a range, and an empty one', async () => {
  expect((await put(await begin(job('piece')), undefined, '1\n2\n')).status).toBe(200);
  expect(await finished('piece')).toEqual({ state: 'DONE' });
  expect((await put(await begin(job('nothing')), 'bytes */0')).status).toBe(200);
  expect(await finished('nothing')).toEqual({ state: 'DONE' });
  expect(
    await queryRows(
      server,
      'SELECT COUNT(*) FROM d.piece UNION ALL SELECT COUNT(*) FROM d.nothing',
    ),
  ).toEqual([['2'], ['0']]);
});

test('the end of an upload whose job id is taken is 409', async () => {
  const answer = await put(await begin(job('piece2', 'piece')), undefined, '1\n');
  expect(answer.status).toBe(409);
  expect(await answer.json()).toMatchObject({ error: { errors: [{ reason: 'duplicate' }] } });
});

test('an unknown session and an invalid range', async () => {
  expect(
    (await put(`${server.url}${UPLOAD}?uploadType=resumable&upload_id=none`, 'bytes */1')).status,
  ).toBe(404);
  expect((await put(await begin(job('ranges')), 'lines 1-2/3', 'x')).status).toBe(400);
});

/** A multipart body in chunks of the given size, so that boundaries are split anywhere. */
async function multipart(resource: object, media: string, chunk: number): Promise<Response> {
  const body = Buffer.from(
    `--b\r\nContent-Type: application/json\r\n\r\n${JSON.stringify(resource)}\r\n--b\r\nContent-Type: text/csv\r\n\r\n${media}\r\n--b--`,
  );
  const stream = new ReadableStream({
    start(controller) {
      for (let at = 0; at < body.length; at += chunk)
        controller.enqueue(body.subarray(at, at + chunk));
      controller.close();
    },
  });
  return fetch(`${server.url}${UPLOAD}?uploadType=multipart`, {
    method: 'POST',
    headers: { 'content-type': 'multipart/related; boundary="b"' },
    body: stream,
    duplex: 'half',
  });
}

test.each([1, 7, 10_000])('a multipart upload in chunks of %i bytes', async (chunk) => {
  const name = `multi${chunk}`;
  // The media holds what looks like the start of a boundary.
  const answer = await multipart(job(name), '1\r\n2\r\n', chunk);
  expect(answer.status).toBe(200);
  expect(await finished(name)).toEqual({ state: 'DONE' });
  expect(await queryRows(server, `SELECT n FROM d.${name} ORDER BY n`)).toEqual([['1'], ['2']]);
});

test('a multipart body that is cut off makes no job', async () => {
  const cut = await fetch(`${server.url}${UPLOAD}?uploadType=multipart`, {
    method: 'POST',
    headers: { 'content-type': 'multipart/related; boundary=b' },
    body: `--b\r\n\r\n${JSON.stringify(job('cut'))}\r\n--b\r\n\r\n1\n`,
  });
  expect(cut.status).toBe(400);
  expect((await request(server, 'GET', `/bigquery/v2/projects/${PROJECT}/jobs/cut`)).status).toBe(
    404,
  );
});

import { expect, test } from 'vitest';
import { isOutcome } from '../../../worker/outcome.ts';
import { declaredLength } from '../../../worker/receive/delivery.ts';
import { readBody, readRequest } from '../../../worker/receive/receive.ts';

const kibibyte = 1024;
const cap = 100 * kibibyte;
const withinMs = 10_000;

function random(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, Math.min(at + 65_536, size)));
  }
  return bytes;
}

test('a missing body gives zero bytes', async () => {
  expect(await readBody(null, cap, withinMs)).toEqual(new Uint8Array(0));
});

// Around each size at which the buffer grows.
test.each([0, 1, 16_383, 16_384, 16_385, 32_768, 65_535, 65_536, 65_537, cap - 1, cap])(
  '%i bytes are read as they were sent',
  async (size) => {
    const body = random(size);
    expect(await readBody(new Response(body).body, cap, withinMs)).toEqual(body);
  },
);

test.each([cap + 1, cap + 2, 2 * cap, 10 * cap])('%i bytes are too large', async (size) => {
  const read = await readBody(new Response(random(size)).body, cap, withinMs);
  expect(read).toEqual({ outcome: 'too-large', maxBytes: cap });
});

test.each([0, 1, 2])('a limit of %i bytes is enforced', async (small) => {
  expect(await readBody(new Response(random(small)).body, small, withinMs)).toHaveLength(small);
  expect(await readBody(new Response(random(small + 1)).body, small, withinMs)).toMatchObject({
    outcome: 'too-large',
  });
});

/** A body in chunks without a declared length; `taken` resolves to how many of them were read. */
function chunked(chunks: readonly Uint8Array[], end: 'close' | 'abort' = 'close') {
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  let sent = 0;
  const done = (async () => {
    for (const chunk of chunks) {
      await writer.write(chunk);
      sent++;
    }
    await (end === 'close' ? writer.close() : writer.abort(new Error('the sender is gone')));
  })().catch(() => {});
  return { body: readable, taken: () => done.then(() => sent) };
}

test.each([1, 7, 1000, 16_384, 40_000])('chunks of %i bytes are joined in order', async (size) => {
  const bytes = random(size * 10).subarray(0, cap);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
  const { body } = chunked(chunks);
  const read = await readBody(body, cap, withinMs);
  if (isOutcome(read)) throw new Error(read.outcome);
  expect(bytes.every((byte, at) => byte === read[at])).toBe(true);
  expect(read.byteLength).toBe(bytes.byteLength);
});

test('beyond the limit, the rest is not read', async () => {
  const { body, taken } = chunked(Array.from({ length: 1000 }, () => random(10 * kibibyte)));
  expect(await readBody(body, cap, withinMs)).toEqual({ outcome: 'too-large', maxBytes: cap });
  // The eleventh chunk exceeds the limit.
  expect(await taken()).toBeLessThanOrEqual(11);
});

test('a body that breaks off is incomplete', async () => {
  const { body } = chunked([random(10)], 'abort');
  expect(await readBody(body, cap, withinMs)).toMatchObject({ outcome: 'incomplete' });
});

test.each([0, 1, 20_000])(
  'the edge waits a limited time for a body that stops after %i bytes',
  async (size) => {
    const { readable, writable } = new IdentityTransformStream();
    const writer = writable.getWriter();
    if (size > 0) void writer.write(random(size)).catch(() => {});
    expect(await readBody(readable, cap, 50)).toMatchObject({ outcome: 'timeout' });
  },
);

test('the edge waits a limited time for a body that arrives byte by byte and never ends', async () => {
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  let isOver = false;
  const dripping = (async () => {
    while (!isOver) {
      await scheduler.wait(1);
      await writer.write(random(1)).catch(() => {
        isOver = true;
      });
    }
  })();
  const read = await readBody(readable, cap * 1000, 50);
  isOver = true;
  expect(read).toMatchObject({ outcome: 'timeout' });
  await Promise.race([dripping, scheduler.wait(100)]);
});

/** A request that declares a length, whatever its body then holds. */
function declaring(length: number, body: BodyInit): Request {
  const headers = { 'content-length': String(length) };
  return new Request('https://relay.example/', { method: 'POST', headers, body });
}

function readDeclaring(request: Request, withinMs: number) {
  return readRequest(request, declaredLength(request.headers), cap, withinMs);
}

test.each([0, 1, cap - 1, cap])(
  '%i bytes of a declared length are read as they were sent',
  async (size) => {
    const body = random(size);
    const read = await readDeclaring(declaring(size, body), withinMs);
    expect(read).toEqual(body);
  },
);

test.each([1, cap, cap + 1, 10 * cap])(
  '%i declared bytes, but too many sent: too large',
  async (length) => {
    const read = await readDeclaring(declaring(length, random(cap + 1)), withinMs);
    expect(read).toEqual({ outcome: 'too-large', maxBytes: cap });
  },
);

test('a declared body that never arrives times out', async () => {
  const { readable } = new IdentityTransformStream();
  const read = await readDeclaring(declaring(10, readable), 50);
  expect(read).toMatchObject({ outcome: 'timeout' });
});

test('a declared body that breaks off is incomplete', async () => {
  const { body } = chunked([random(10)], 'abort');
  const read = await readDeclaring(declaring(20, body), withinMs);
  expect(read).toMatchObject({ outcome: 'incomplete' });
});

import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { Rereadable } from '../../../subscriber/exports/rereadable.ts';

const content = randomBytes(1000);

async function* chunked(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) {
    await new Promise((resolve) => setImmediate(resolve));
    yield bytes.subarray(at, at + size);
  }
}

/** Counts how often it is begun. */
function opened(size: number, skip = 0) {
  const begun = { times: 0 };
  const open = () => {
    begun.times++;
    return chunked(content, size);
  };
  return { content: new Rereadable(open, skip), begun };
}

describe('a stream that can be read again', () => {
  it.each([1, 7, 300, 1000, 4000])(
    'is begun once when it is read on end: chunks of %i',
    async (size) => {
      const { content: stream, begun } = opened(size);
      const parts = [];
      for (const [from, to] of [
        [0, 600],
        [600, 601],
        [601, 1000],
      ] as const) {
        parts.push(await buffer(stream.read(from, to)));
      }
      expect(Buffer.concat(parts).equals(content)).toBe(true);
      expect(begun.times).toBe(1);
    },
  );

  it.each([1, 70, 300])('gives the same bytes again: chunks of %i', async (size) => {
    const { content: stream, begun } = opened(size);
    await buffer(stream.read(0, 600));
    expect((await buffer(stream.read(123, 600))).equals(content.subarray(123, 600))).toBe(true);
    expect((await buffer(stream.read(600, 1000))).equals(content.subarray(600))).toBe(true);
    expect(begun.times).toBe(2);
  });

  it.each([1, 3, 50])('leaves out what is skipped, from chunks of %i', async (size) => {
    const { content: stream } = opened(size, 3);
    expect((await buffer(stream.read(0, 500))).equals(content.subarray(3, 503))).toBe(true);
    expect((await buffer(stream.read(100, 997))).equals(content.subarray(103))).toBe(true);
  });

  it('loses nothing to a reader that was given up and still waits', async () => {
    const { content: stream } = opened(70);
    const left = stream.read(0, 600);
    await left.next();
    const late = left.next();
    const all = await buffer(stream.read(70, 1000));
    await late;
    expect(all.equals(content.subarray(70))).toBe(true);
  });

  it('ends with an error where the stream ends early', async () => {
    const { content: stream } = opened(70);
    await expect(buffer(stream.read(0, 1001))).rejects.toMatchObject({
      code: 'export.upload',
      reaction: 'transient',
    });
  });

  it('lets the stream go', async () => {
    let ended = false;
    const stream = new Rereadable(async function* () {
      try {
        yield content;
        yield content;
      } finally {
        ended = true;
      }
    });
    await buffer(stream.read(0, 10));
    await stream.close();
    expect(ended).toBe(true);
  });
});

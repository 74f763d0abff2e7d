import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { inPieces, type Piece } from '../../../subscriber/exports/pieces.ts';

const content = randomBytes(1000);

async function* chunked(bytes: Buffer, sizes: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += sizes) {
    await new Promise((resolve) => setImmediate(resolve));
    yield bytes.subarray(at, at + sizes);
  }
}

async function readAll(pieces: AsyncIterable<Piece>, read: (piece: Piece) => Promise<Buffer>) {
  const parts: Buffer[] = [];
  for await (const piece of pieces) parts.push(await read(piece));
  return parts;
}

describe('the pieces of a stream', () => {
  it.each([
    [1, 300],
    [7, 300],
    [300, 300],
    [450, 300],
    [1000, 300],
    [100, 1000],
    [100, 4000],
  ])('hold it all, from chunks of %i in pieces of %i', async (chunk, size) => {
    const pieces = inPieces(chunked(content, chunk), size, content.length);
    const parts = await readAll(pieces, (piece) => buffer(piece.from(0)));
    expect(parts.map(({ length }) => length)).toEqual(
      Array.from({ length: Math.ceil(1000 / size) }, (_, index) =>
        Math.min(size, 1000 - index * size),
      ),
    );
    expect(Buffer.concat(parts).equals(content)).toBe(true);
  });

  it.each([1, 3, 50])('leave out what is skipped, from chunks of %i', async (chunk) => {
    const parts = await readAll(inPieces(chunked(content, chunk), 300, 997, 3), (piece) =>
      buffer(piece.from(0)),
    );
    expect(Buffer.concat(parts).equals(content.subarray(3))).toBe(true);
  });

  it('are read again from wherever the server asks', async () => {
    const parts = await readAll(inPieces(chunked(content, 70), 300, 1000), async (piece) => {
      await buffer(piece.from(0));
      return Buffer.concat([
        (await buffer(piece.from(0))).subarray(0, 123),
        await buffer(piece.from(123)),
      ]);
    });
    // The last piece has 100 bytes: from 123 on there is nothing.
    expect(Buffer.concat(parts).equals(content)).toBe(true);
  });

  it('lose nothing when a reader that was given up reads on beside the next', async () => {
    const parts = await readAll(inPieces(chunked(content, 70), 300, 1000), async (piece) => {
      const [, second] = await Promise.all([buffer(piece.from(0)), buffer(piece.from(0))]);
      return second;
    });
    expect(Buffer.concat(parts).equals(content)).toBe(true);
  });

  it('end with an error where the stream ends early', async () => {
    const pieces = inPieces(chunked(content, 70), 300, 1001);
    await expect(readAll(pieces, (piece) => buffer(piece.from(0)))).rejects.toMatchObject({
      code: 'export.upload',
      reaction: 'transient',
    });
  });
});

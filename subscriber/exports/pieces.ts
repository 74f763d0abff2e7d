/**
 * Cuts a stream into pieces of `size` bytes; the last may be shorter. There is one buffer: a piece holds
 * until the next is asked for.
 *
 * @param skip bytes at the beginning that are left out
 */
export async function* inPieces(
  stream: AsyncIterable<Buffer>,
  size: number,
  skip = 0,
): AsyncGenerator<Buffer> {
  const piece = Buffer.allocUnsafe(size);
  let filled = 0;
  let toSkip = skip;
  for await (const chunk of stream) {
    let at = Math.min(toSkip, chunk.length);
    toSkip -= at;
    while (at < chunk.length) {
      const copied = chunk.copy(piece, filled, at);
      at += copied;
      filled += copied;
      if (filled < size) continue;
      yield piece;
      filled = 0;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}

import type { protos } from '@google-cloud/bigquery-storage';
import type { CompressionType } from 'apache-arrow';

type Arrow = typeof import('apache-arrow');
type Codec =
  keyof typeof protos.google.cloud.bigquery.storage.v1.ArrowSerializationOptions.CompressionCodec;

/** The begin of a frame, by which the library knows an encoder of a format. */
const LZ4 = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73];
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0];

/**
 * The compression of a record batch's buffers. Each buffer is marked as not compressed, which the format allows: Node
 * has no LZ4, and apache-arrow 21 writes the wrong size before a buffer that it has compressed.
 * https://arrow.apache.org/docs/format/Columnar.html#compression
 */
export function arrowCompression(arrow: Arrow, codec: Codec): CompressionType | null {
  const { CompressionType: Type, compressionRegistry } = arrow;
  if (codec !== 'ZSTD' && codec !== 'LZ4_FRAME') return null;
  compressionRegistry.set(Type[codec], { encode: longer(codec === 'ZSTD' ? ZSTD : LZ4) });
  return Type[codec];
}

/** The writer takes a buffer as it is where the encoder makes it longer. */
function longer(begin: readonly number[]): (data: Uint8Array) => Uint8Array {
  return (data) => {
    const frame = new Uint8Array(data.length + begin.length);
    frame.set(begin);
    return frame;
  };
}

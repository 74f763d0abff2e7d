import avro from 'avsc';

/** A `long` as a BigInt, because JavaScript's numbers end at 2^53. */
const long = avro.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const buffer = Buffer.alloc(8);
    buffer.writeBigInt64LE(value);
    return buffer;
  },
  fromJSON: BigInt,
  toJSON: String,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (one: bigint, other: bigint) => (one === other ? 0 : one < other ? -1 : 1),
});

/** Decodes rows that stand one behind the other. Throws if bytes are left or missing. */
export function decodeAvroRows(schema: string, bytes: Uint8Array): Record<string, unknown>[] {
  const type = avro.Type.forSchema(JSON.parse(schema), { registry: { long } });
  const buffer = Buffer.from(bytes);
  const rows: Record<string, unknown>[] = [];
  for (let at = 0; at < buffer.length; ) {
    const { value, offset } = type.decode(buffer, at);
    if (offset < 0) throw new Error('the last row is not complete');
    rows.push({ ...value });
    at = offset;
  }
  return rows;
}

/** The number of a decimal's bytes: two's complement, big-endian. */
export function unscaled(bytes: Uint8Array): bigint {
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${Buffer.from(bytes).toString('hex')}`));
}

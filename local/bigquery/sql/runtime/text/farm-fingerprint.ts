// FarmHash Fingerprint64: https://github.com/google/farmhash, the version for strings of any length.

const K0 = 0xc3a5c85c97cb3127n;
const K1 = 0xb492b66fbe98f273n;
const K2 = 0x9ae16a3b2f90404fn;
const MASK = (1n << 64n) - 1n;

function u64(value: bigint): bigint {
  return value & MASK;
}

function rotate(value: bigint, by: number): bigint {
  return by === 0 ? value : u64((value >> BigInt(by)) | (value << BigInt(64 - by)));
}

function shiftMix(value: bigint): bigint {
  return value ^ (value >> 47n);
}

function hash16(u: bigint, v: bigint, multiplier: bigint): bigint {
  const a = shiftMix(u64((u ^ v) * multiplier));
  const b = shiftMix(u64((v ^ a) * multiplier));
  return u64(b * multiplier);
}

/** The fingerprint as a signed 64-bit integer, as FARM_FINGERPRINT returns it. */
export function farmFingerprint(bytes: Uint8Array): bigint {
  return BigInt.asIntN(64, hash(Buffer.from(bytes)));
}

function hash(data: Buffer): bigint {
  const { length } = data;
  if (length <= 16) return hashTo16(data);
  if (length <= 32) return hash17To32(data);
  if (length <= 64) return hash33To64(data);
  return hashLong(data);
}

function hashTo16(data: Buffer): bigint {
  const { length } = data;
  if (length >= 8) {
    const multiplier = u64(K2 + BigInt(length) * 2n);
    const a = u64(data.readBigUInt64LE(0) + K2);
    const b = data.readBigUInt64LE(length - 8);
    const c = u64(rotate(b, 37) * multiplier + a);
    const d = u64((rotate(a, 25) + b) * multiplier);
    return hash16(c, d, multiplier);
  }
  if (length >= 4) {
    const multiplier = u64(K2 + BigInt(length) * 2n);
    const a = BigInt(data.readUInt32LE(0));
    return hash16(
      u64(BigInt(length) + (a << 3n)),
      BigInt(data.readUInt32LE(length - 4)),
      multiplier,
    );
  }
  if (length === 0) return K2;
  const [a, b, c] = [data[0] ?? 0, data[length >> 1] ?? 0, data[length - 1] ?? 0];
  const y = BigInt(a + b * 256);
  const z = BigInt(length + c * 4);
  return u64(shiftMix(u64(y * K2) ^ u64(z * K0)) * K2);
}

function hash17To32(data: Buffer): bigint {
  const { length } = data;
  const multiplier = u64(K2 + BigInt(length) * 2n);
  const a = u64(data.readBigUInt64LE(0) * K1);
  const b = data.readBigUInt64LE(8);
  const c = u64(data.readBigUInt64LE(length - 8) * multiplier);
  const d = u64(data.readBigUInt64LE(length - 16) * K2);
  return hash16(
    u64(rotate(u64(a + b), 43) + rotate(c, 30) + d),
    u64(a + rotate(u64(b + K2), 18) + c),
    multiplier,
  );
}

function hash33To64(data: Buffer): bigint {
  const { length } = data;
  const multiplier = u64(K2 + BigInt(length) * 2n);
  const a = u64(data.readBigUInt64LE(0) * K2);
  const b = data.readBigUInt64LE(8);
  const c = u64(data.readBigUInt64LE(length - 8) * multiplier);
  const d = u64(data.readBigUInt64LE(length - 16) * K2);
  const y = u64(rotate(u64(a + b), 43) + rotate(c, 30) + d);
  const z = hash16(y, u64(a + rotate(u64(b + K2), 18) + c), multiplier);
  const e = u64(data.readBigUInt64LE(16) * multiplier);
  const f = data.readBigUInt64LE(24);
  const g = u64((y + data.readBigUInt64LE(length - 32)) * multiplier);
  const h = u64((z + data.readBigUInt64LE(length - 24)) * multiplier);
  return hash16(
    u64(rotate(u64(e + f), 43) + rotate(g, 30) + h),
    u64(e + rotate(u64(f + a), 18) + g),
    multiplier,
  );
}

type Pair = [bigint, bigint];

function weakHash(data: Buffer, at: number, first: bigint, second: bigint): Pair {
  const [w, x, y, z] = [0, 8, 16, 24].map((offset) => data.readBigUInt64LE(at + offset)) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  let a = u64(first + w);
  let b = rotate(u64(second + a + z), 21);
  const c = a;
  a = u64(a + x + y);
  b = u64(b + rotate(a, 44));
  return [u64(a + z), u64(b + c)];
}

function hashLong(data: Buffer): bigint {
  const { length } = data;
  const seed = 81n;
  let x = seed;
  let y = u64(seed * K1 + 113n);
  let z = u64(shiftMix(u64(y * K2 + 113n)) * K2);
  let v: Pair = [0n, 0n];
  let w: Pair = [0n, 0n];
  x = u64(x * K2 + data.readBigUInt64LE(0));
  const end = ((length - 1) >> 6) << 6;
  const last = end + ((length - 1) & 63) - 63;
  for (let at = 0; at < end; at += 64) {
    x = u64(rotate(u64(x + y + v[0] + data.readBigUInt64LE(at + 8)), 37) * K1);
    y = u64(rotate(u64(y + v[1] + data.readBigUInt64LE(at + 48)), 42) * K1);
    x ^= w[1];
    y = u64(y + v[0] + data.readBigUInt64LE(at + 40));
    z = u64(rotate(u64(z + w[0]), 33) * K1);
    v = weakHash(data, at, u64(v[1] * K1), u64(x + w[0]));
    w = weakHash(data, at + 32, u64(z + w[1]), u64(y + data.readBigUInt64LE(at + 16)));
    [z, x] = [x, z];
  }
  const multiplier = u64(K1 + ((z & 0xffn) << 1n));
  w = [u64(w[0] + BigInt((length - 1) & 63)), w[1]];
  v = [u64(v[0] + w[0]), v[1]];
  w = [u64(w[0] + v[0]), w[1]];
  x = u64(rotate(u64(x + y + v[0] + data.readBigUInt64LE(last + 8)), 37) * multiplier);
  y = u64(rotate(u64(y + v[1] + data.readBigUInt64LE(last + 48)), 42) * multiplier);
  x ^= u64(w[1] * 9n);
  y = u64(y + v[0] * 9n + data.readBigUInt64LE(last + 40));
  z = u64(rotate(u64(z + w[0]), 33) * multiplier);
  v = weakHash(data, last, u64(v[1] * multiplier), u64(x + w[0]));
  w = weakHash(data, last + 32, u64(z + w[1]), u64(y + data.readBigUInt64LE(last + 16)));
  [z, x] = [x, z];
  return hash16(
    u64(hash16(v[0], w[0], multiplier) + u64(shiftMix(y) * K0) + z),
    u64(hash16(v[1], w[1], multiplier) + x),
    multiplier,
  );
}

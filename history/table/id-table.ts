import { hash } from 'node:crypto';

const laneCount = 3;
const firstCapacity = 1 << 12;
/** Open addressing gets slow above this. */
const maxLoadFactor = 0.7;

/**
 * A map from id to number that takes some 25 bytes per id, however long the id is: it stores only 96 bits of the
 * id's SHA-256. Two of a million ids collide once in 10^17 cases. The ids can't be listed.
 */
export class IdTable {
  #capacity = firstCapacity;
  #keys = new Uint32Array(firstCapacity * laneCount);
  /** 0 in a free slot. */
  #values = new Uint32Array(firstCapacity);
  #size = 0;
  /** The id of the last call, with its key in `#lanes`: a lookup is often followed by a `set` of the same id. */
  #id: string | undefined;
  readonly #lanes = new Uint32Array(laneCount);

  get size(): number {
    return this.#size;
  }

  /** 0 if the id is absent. */
  get(id: string): number {
    this.#select(id);
    return this.#values[this.#find(this.#lanes)] ?? 0;
  }

  /** @param value from 1 to 2^32 - 1 */
  set(id: string, value: number): void {
    this.#select(id);
    let slot = this.#find(this.#lanes);
    if (this.#values[slot] === 0) {
      if (this.#size + 1 > this.#capacity * maxLoadFactor) {
        this.#grow();
        slot = this.#find(this.#lanes);
      }
      this.#keys.set(this.#lanes, slot * laneCount);
      this.#size++;
    }
    this.#values[slot] = value;
  }

  /** Is there an id whose number has none of these bits? */
  hasIdWithout(bits: number): boolean {
    return this.#values.some((value) => value !== 0 && (value & bits) === 0);
  }

  /** Removes every id and keeps the memory. */
  clear(): void {
    this.#values.fill(0);
    this.#size = 0;
  }

  #select(id: string): void {
    if (id === this.#id) return;
    // As a string, because a buffer per id costs more than its hash.
    const digest = hash('sha256', id, 'binary');
    for (let lane = 0; lane < laneCount; lane++) this.#lanes[lane] = wordAt(digest, lane * 4);
    this.#id = id;
  }

  /** The slot with the key, or the free slot for it. */
  #find(lanes: Uint32Array): number {
    const mask = this.#capacity - 1;
    for (let slot = (lanes[0] ?? 0) & mask; ; slot = (slot + 1) & mask) {
      if (this.#values[slot] === 0) return slot;
      const at = slot * laneCount;
      const keys = this.#keys;
      if (keys[at] === lanes[0] && keys[at + 1] === lanes[1] && keys[at + 2] === lanes[2]) {
        return slot;
      }
    }
  }

  #grow(): void {
    const [keys, values] = [this.#keys, this.#values];
    this.#capacity *= 2;
    this.#keys = new Uint32Array(this.#capacity * laneCount);
    this.#values = new Uint32Array(this.#capacity);
    for (let slot = 0; slot < values.length; slot++) {
      const value = values[slot] ?? 0;
      if (value === 0) continue;
      const lanes = keys.subarray(slot * laneCount, (slot + 1) * laneCount);
      const target = this.#find(lanes);
      this.#keys.set(lanes, target * laneCount);
      this.#values[target] = value;
    }
  }
}

function wordAt(digest: string, at: number): number {
  return (
    digest.charCodeAt(at) |
    (digest.charCodeAt(at + 1) << 8) |
    (digest.charCodeAt(at + 2) << 16) |
    (digest.charCodeAt(at + 3) << 24)
  );
}

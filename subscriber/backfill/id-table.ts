import { hash } from 'node:crypto';

const laneCount = 4;
const firstCapacity = 1 << 12;
/** Open addressing slows down when it is fuller than this. */
const fullest = 0.7;

/**
 * A number for each id, in some 30 bytes however long the id is: of ids only 128 bits of SHA-256 are kept,
 * so that no two of them are ever the same. Ids can't be listed.
 */
export class IdTable {
  #capacity = firstCapacity;
  #keys = new Uint32Array(firstCapacity * laneCount);
  /** 0 where the slot is free. */
  #values = new Uint32Array(firstCapacity);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** 0 where the id is not there. */
  get(id: string): number {
    return this.#values[this.#find(lanesOf(id))] ?? 0;
  }

  /** @param value from 1 to 2^32 - 1 */
  set(id: string, value: number): void {
    const lanes = lanesOf(id);
    let slot = this.#find(lanes);
    if (this.#values[slot] === 0) {
      if (this.#size + 1 > this.#capacity * fullest) {
        this.#grow();
        slot = this.#find(lanes);
      }
      this.#keys.set(lanes, slot * laneCount);
      this.#size++;
    }
    this.#values[slot] = value;
  }

  /** Is there an id whose number lacks this bit? */
  lacksSomewhere(bit: number): boolean {
    return this.#values.some((value) => value !== 0 && (value & bit) === 0);
  }

  /** Forgets every id, and keeps its memory for the next. */
  clear(): void {
    this.#values.fill(0);
    this.#size = 0;
  }

  /** The slot that holds the key, or the free one where it would go. */
  #find(lanes: Uint32Array): number {
    const [a = 0, b = 0, c = 0, d = 0] = lanes;
    const mask = this.#capacity - 1;
    for (let slot = a & mask; ; slot = (slot + 1) & mask) {
      const at = slot * laneCount;
      const keys = this.#keys;
      if (this.#values[slot] === 0) return slot;
      if (keys[at] === a && keys[at + 1] === b && keys[at + 2] === c && keys[at + 3] === d) {
        return slot;
      }
    }
  }

  #grow(): void {
    const [keys, values] = [this.#keys, this.#values];
    this.#capacity *= 2;
    this.#keys = new Uint32Array(this.#capacity * laneCount);
    this.#values = new Uint32Array(this.#capacity);
    for (const [slot, value] of values.entries()) {
      if (value === 0) continue;
      const lanes = keys.subarray(slot * laneCount, (slot + 1) * laneCount);
      const target = this.#find(lanes);
      this.#keys.set(lanes, target * laneCount);
      this.#values[target] = value;
    }
  }
}

function lanesOf(id: string): Uint32Array {
  const digest = hash('sha256', id, 'buffer');
  return Uint32Array.of(
    digest.readUInt32LE(0),
    digest.readUInt32LE(4),
    digest.readUInt32LE(8),
    digest.readUInt32LE(12),
  );
}

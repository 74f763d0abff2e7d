/** Which messages of one segment a subscription has acked: a bit each. */
export class Progress {
  readonly acked: Uint8Array;
  #remaining: number;

  /** `acked`: bits kept from an earlier run. */
  constructor(count: number, acked?: Uint8Array | null) {
    this.acked = acked ? new Uint8Array(acked) : new Uint8Array(Math.ceil(count / 8));
    this.#remaining = count;
    for (let index = 0; index < count; index++) if (this.has(index)) this.#remaining--;
  }

  get remaining(): number {
    return this.#remaining;
  }

  has(index: number): boolean {
    return (((this.acked[index >> 3] ?? 0) >> (index & 7)) & 1) === 1;
  }

  /** False when it was acked before. */
  ack(index: number): boolean {
    if (this.has(index)) return false;
    this.acked[index >> 3] = (this.acked[index >> 3] ?? 0) | (1 << (index & 7));
    this.#remaining--;
    return true;
  }
}

interface Waiting {
  bytes: number;
  enter: () => void;
}

/** Bounds the bytes that are under way at once. Whoever asks first goes first. */
export class ByteBudget {
  #free: number;
  readonly #limit: number;
  readonly #waiting: Waiting[] = [];

  constructor(limit: number) {
    this.#limit = limit;
    this.#free = limit;
  }

  /** Resolves once `bytes` are free; what is larger than the whole budget waits for all of it. */
  async take(bytes: number): Promise<void> {
    if (this.#waiting.length === 0 && this.#fits(bytes)) {
      this.#free -= bytes;
      return;
    }
    await new Promise<void>((enter) => this.#waiting.push({ bytes, enter }));
  }

  give(bytes: number): void {
    this.#free += bytes;
    for (let next = this.#waiting[0]; next && this.#fits(next.bytes); next = this.#waiting[0]) {
      this.#free -= next.bytes;
      this.#waiting.shift();
      next.enter();
    }
  }

  #fits(bytes: number): boolean {
    return bytes <= this.#free || this.#free === this.#limit;
  }
}

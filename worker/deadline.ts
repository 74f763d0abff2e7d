/** AbortSignal.timeout() can't be cleared: its timer would outlive every quick step. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;

  constructor(ms: number) {
    this.#timer = setTimeout(() => this.#controller.abort(), ms);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

/** What `promise` gives within `ms`; undefined where it takes longer. It is not stopped by that. */
export async function within<Value>(
  ms: number,
  promise: Promise<Value>,
): Promise<Value | undefined> {
  using deadline = new Deadline(ms);
  // Awaited here: the deadline ends with this block.
  return await Promise.race([
    promise,
    new Promise<undefined>((resolve) => {
      deadline.signal.addEventListener('abort', () => resolve(undefined));
    }),
  ]);
}

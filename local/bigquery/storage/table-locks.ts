type Release = () => void;

interface Waiter {
  exclusive: boolean;
  grant: (release: Release) => void;
}

interface LockState {
  /** The number of shared holders; -1 for one exclusive holder. */
  holders: number;
  queue: Waiter[];
}

/**
 * One lock per table. Appends and loads share it; changes of the schema or of existing rows hold it
 * exclusively. Requests are granted in order, so neither side starves.
 */
export class TableLocks {
  readonly #states = new Map<string, LockState>();

  shared(key: string): Promise<Release> {
    return this.#acquire(key, false);
  }

  exclusive(key: string): Promise<Release> {
    return this.#acquire(key, true);
  }

  #acquire(key: string, exclusive: boolean): Promise<Release> {
    const state = this.#states.get(key) ?? { holders: 0, queue: [] };
    this.#states.set(key, state);
    return new Promise((grant) => {
      state.queue.push({ exclusive, grant });
      this.#admit(key, state);
    });
  }

  #admit(key: string, state: LockState): void {
    for (let next = state.queue[0]; next !== undefined; next = state.queue[0]) {
      const free = next.exclusive ? state.holders === 0 : state.holders >= 0;
      if (!free) return;
      state.queue.shift();
      state.holders = next.exclusive ? -1 : state.holders + 1;
      next.grant(this.#releaser(key, state));
    }
  }

  #releaser(key: string, state: LockState): Release {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      state.holders = state.holders === -1 ? 0 : state.holders - 1;
      if (state.holders === 0 && state.queue.length === 0) this.#states.delete(key);
      else this.#admit(key, state);
    };
  }
}

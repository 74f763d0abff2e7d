/** The members of a JSON object while it is made, in the order in which their names come first. */
export class Members {
  readonly #values = new Map<string, string[]>();

  /** @param raw JSON text */
  add(name: string, raw: string): void {
    const values = this.#values.get(name);
    if (values) values.push(raw);
    else this.#values.set(name, [raw]);
  }

  /** Raw, in order. */
  valuesOf(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  without(names: Iterable<string>): Members {
    const rest = new Members();
    for (const [name, values] of this.#values) rest.#values.set(name, values);
    for (const name of names) rest.#values.delete(name);
    return rest;
  }

  /** As raw text. A name that came several times has an array: all of its values, in order. */
  toJson(): string {
    const members = [...this.#values].map(([name, values]) => {
      const raw = values.length === 1 ? values[0] : `[${values.join(',')}]`;
      return `${JSON.stringify(name)}:${raw}`;
    });
    return `{${members.join(',')}}`;
  }

  get size(): number {
    return this.#values.size;
  }
}

/** Collects the members of a JSON object, in the order in which each name comes first. */
export class Members {
  /** A list where a name came several times. */
  readonly #values = new Map<string, string | string[]>();

  /** @param raw JSON text */
  add(name: string, raw: string): void {
    const values = this.#values.get(name);
    if (values === undefined) this.#values.set(name, raw);
    else if (typeof values === 'string') this.#values.set(name, [values, raw]);
    else values.push(raw);
  }

  /** Raw, in order. */
  valuesOf(name: string): readonly string[] {
    const values = this.#values.get(name) ?? [];
    return typeof values === 'string' ? [values] : values;
  }

  without(names: Iterable<string>): Members {
    const rest = new Members();
    for (const [name, values] of this.#values) rest.#values.set(name, values);
    for (const name of names) rest.#values.delete(name);
    return rest;
  }

  /** The object as JSON text. A name that came several times has an array of its values, in order. */
  toJson(): string {
    let members = '';
    for (const [name, values] of this.#values) {
      const raw = typeof values === 'string' ? values : `[${values.join(',')}]`;
      members += `${members && ','}${JSON.stringify(name)}:${raw}`;
    }
    return `{${members}}`;
  }

  get size(): number {
    return this.#values.size;
  }
}

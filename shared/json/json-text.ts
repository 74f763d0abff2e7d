/**
 * Text that is known to be JSON: cut out of a body that was checked, or written by JSON.stringify. Whoever
 * is handed one need not check it again.
 */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

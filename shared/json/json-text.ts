/**
 * Text that is known to be JSON: part of a body that was checked, or written by JSON.stringify. It need not be checked
 * again.
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

/** A difference between what was sent and what is there. */
export type Kind =
  | 'missing'
  | 'missing dead letter'
  | 'an old version'
  | 'twice in _unique'
  | 'twice with a key'
  | 'rejected, but there'
  | 'filtered, but there'
  | 'nobody sent it'
  | 'more deliveries than tries'
  | 'differs from what was sent'
  | 'a row that should be a dead letter'
  | 'an unexpected dead letter'
  | 'a dead letter that differs'
  | 'acknowledged, but forged'
  | 'refused, but good'
  | 'never acknowledged'
  | 'export not loaded once'
  | 'ledger'
  | 'not at rest'
  | 'a part did not stop';

/** Counts differences, and keeps the first few of each kind: ids, never a body. */
export class Differences {
  readonly counts = new Map<Kind, number>();
  readonly examples = new Map<Kind, string[]>();

  add(kind: Kind, where: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    const examples = this.examples.get(kind) ?? [];
    if (examples.length < 5) examples.push(where);
    this.examples.set(kind, examples);
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }
}

/** A type as a statement spells it. */
export type TypeTree =
  | { kind: 'simple'; name: string; parameters: string[]; pos: number }
  | { kind: 'array'; item: TypeTree; pos: number }
  | { kind: 'struct'; fields: { name?: string; type: TypeTree }[]; pos: number };

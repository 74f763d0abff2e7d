import type { Field } from '../../tables/schema.ts';

const SPELT: Readonly<Record<string, string>> = {
  INTEGER: 'INT64',
  FLOAT: 'FLOAT64',
  BOOLEAN: 'BOOL',
};

/** A column's type as GoogleSQL writes it, with its parameters: `NUMERIC(10, 2)`. */
export function sqlType(field: Field): string {
  const inner = (field.fields ?? []).map((child) => `${child.name} ${sqlType(child)}`);
  const { maxLength, precision, scale } = field.extra ?? {};
  const parameters = [maxLength ?? precision, scale].filter((each) => each !== undefined);
  const limits = parameters.length === 0 ? '' : `(${parameters.join(', ')})`;
  const single =
    field.type === 'RECORD'
      ? `STRUCT<${inner.join(', ')}>`
      : (SPELT[field.type] ?? field.type) + limits;
  return field.mode === 'REPEATED' ? `ARRAY<${single}>` : single;
}

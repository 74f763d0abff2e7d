import { protos } from '@google-cloud/bigquery-storage';
import { status } from '@grpc/grpc-js';
import { type Field, findField, type Table } from '../../../tables/schema.ts';
import { extraFields, Refusal } from '../../refusals.ts';
import { cellReader } from '../cell-readers.ts';
import { isChangeField, planChanges } from '../change-fields.ts';
import { hasDefault } from '../default-values.ts';
import type { FieldPlan, RecordPlan, RowPlan } from './decode-row.ts';
import { formatProtoType, type ProtoType, wireTypeOf } from './proto-types.ts';
import { isWellKnown, wellKnownReader } from './well-known-types.ts';

const { FieldDescriptorProto } = protos.google.protobuf;
const COLUMN_NAME = '.google.cloud.bigquery.storage.v1.columnName';
const DELIMITED = 2;

type DescriptorProto = protos.google.protobuf.IDescriptorProto;
type FieldProto = protos.google.protobuf.IFieldDescriptorProto;

/**
 * Matches a writer schema to a table. Fields match columns by name, ignoring case.
 *
 * @throws Refusal if the message has a field that is not in the table, lacks a REQUIRED column, or sends a
 * column with a type or mode that does not match
 */
export function planRows(
  table: Table,
  descriptor: DescriptorProto,
  stream: { entity: string; isDefault: boolean },
): RowPlan {
  const extra: string[] = [];
  const [changes, own] = partition(descriptor.field ?? [], ({ name }) => isChangeField(name ?? ''));
  const message = changes.length === 0 ? descriptor : { ...descriptor, field: own };
  const plan = planRecord(table.schema, message, new Scope(descriptor), '', extra);
  if (extra.length > 0) throw extraFields(extra, stream.entity);
  const sent = new Set([...plan.byFieldNumber.values()].map(({ position }) => position));
  if (changes.length === 0) return { ...plan, sent, changes: false };
  return { ...planChanges(table, plan, changes, stream.isDefault), sent, changes: true };
}

function planRecord(
  fields: readonly Field[],
  descriptor: DescriptorProto,
  scope: Scope,
  parent: string,
  extra: string[],
): RecordPlan {
  const byFieldNumber = new Map<number, FieldPlan>();
  const taken = new Set<Field>();
  for (const proto of descriptor.field ?? []) {
    const name = proto.options?.[COLUMN_NAME] || (proto.name ?? '');
    const path = parent === '' ? name : `${parent}.${name}`;
    const column = findField(fields, name);
    if (!column) {
      extra.push(path);
    } else if (taken.has(column) || !proto.number || byFieldNumber.has(proto.number)) {
      throw mismatch(path, 'it occurs twice in the message, or has no number');
    } else {
      taken.add(column);
      byFieldNumber.set(
        proto.number,
        planField(column, proto, fields.indexOf(column), path, scope, extra),
      );
    }
  }
  const required = requiredOf(fields, parent);
  for (const { position, path } of required) {
    const field = fields[position];
    if (!field || taken.has(field) || (parent === '' && hasDefault(field))) continue;
    throw mismatch(path, 'it is REQUIRED but is not in the message');
  }
  return { columns: fields.length, byFieldNumber, required };
}

function partition<T>(items: readonly T[], matches: (item: T) => boolean): [T[], T[]] {
  return [items.filter(matches), items.filter((item) => !matches(item))];
}

/** The REQUIRED columns, with their paths. */
export function requiredOf(fields: readonly Field[], parent: string): RecordPlan['required'] {
  return fields.flatMap((field, position) =>
    field.mode === 'REQUIRED'
      ? [{ position, path: parent === '' ? field.name : `${parent}.${field.name}` }]
      : [],
  );
}

function planField(
  column: Field,
  proto: FieldProto,
  position: number,
  path: string,
  scope: Scope,
  extra: string[],
): FieldPlan {
  const type = proto.type as ProtoType;
  const repeated = proto.label === FieldDescriptorProto.Label.LABEL_REPEATED;
  if (repeated !== (column.mode === 'REPEATED')) {
    throw mismatch(path, `the column is ${column.mode}, the message's field is not`);
  }
  if (column.type === 'RECORD' && type === FieldDescriptorProto.Type.TYPE_MESSAGE) {
    const [descriptor, inner] = scope.resolve(proto.typeName ?? '', path);
    const record = planRecord(column.fields ?? [], descriptor, inner, path, extra);
    return { position, path, wireType: DELIMITED, repeated, record };
  }
  const known = isWellKnown(proto) ? proto.typeName : undefined;
  const read = known ? wellKnownReader(column, known) : cellReader(column, type);
  const wireType = wireTypeOf(type);
  if (!read || wireType === undefined) {
    throw mismatch(
      path,
      `the column is ${column.type}, the message sends ${known ?? formatProtoType(type)}`,
    );
  }
  return { position, path, wireType, repeated, read };
}

function mismatch(path: string, reason: string): Refusal {
  return new Refusal(status.INVALID_ARGUMENT, `Proto schema mismatch on field ${path}: ${reason}`);
}

/** Finds message types by name as protobuf does, from the innermost message outwards. */
class Scope {
  readonly #path: readonly DescriptorProto[];

  constructor(...path: readonly DescriptorProto[]) {
    this.#path = path;
  }

  resolve(typeName: string, path: string): [DescriptorProto, Scope] {
    const parts = typeName.replace(/^\./, '').split('.');
    for (let depth = this.#path.length; depth > 0; depth--) {
      const found = descend(this.#path.slice(0, depth), parts);
      if (found) return found;
    }
    const [root] = this.#path;
    const found = root && root.name === parts[0] && descend([root], parts.slice(1));
    if (!found) {
      throw new Refusal(
        status.INVALID_ARGUMENT,
        `Invalid proto schema: BqMessage.proto: ${path}: "${typeName}" is not defined.`,
      );
    }
    return found;
  }
}

function descend(
  path: readonly DescriptorProto[],
  names: readonly string[],
): [DescriptorProto, Scope] | undefined {
  const trail = [...path];
  for (const name of names) {
    const next = trail.at(-1)?.nestedType?.find((nested) => nested.name === name);
    if (!next) return undefined;
    trail.push(next);
  }
  const last = trail.at(-1);
  return last && [last, new Scope(...trail)];
}

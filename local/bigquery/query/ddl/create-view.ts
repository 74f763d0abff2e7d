import type { Token } from '../../sql/lexer.ts';
import { invalidQuery } from '../../sql/query-error.ts';
import { newTable } from '../../tables/new-resource.ts';
import type { Table, TableRef } from '../../tables/schema.ts';
import { runSelect } from '../select.ts';
import type { Session } from '../session/session.ts';
import { readNames } from './column-list.ts';
import type { Make } from './create-table.ts';
import { optionProperties, readOptions } from './options.ts';
import type { TokenCursor } from './token-cursor.ts';

/**
 * A view is stored as GoogleSQL. It is run once without rows, for its schema and its errors. A materialized view
 * reads its tables each time, as a view does, so it is never stale.
 */
export async function prepareView(
  session: Session,
  cursor: TokenCursor,
  ref: TableRef,
  tokens: Token[],
  isMaterialized: boolean,
): Promise<Make> {
  const names = cursor.peek()?.text === '(' ? readNames(cursor.group()) : undefined;
  if (isMaterialized && cursor.accept('PARTITION', 'BY'))
    skipTo(cursor, /^(?:CLUSTER|OPTIONS|AS)$/i);
  if (isMaterialized && cursor.accept('CLUSTER', 'BY')) skipTo(cursor, /^(?:OPTIONS|AS)$/i);
  const options = cursor.accept('OPTIONS') ? readOptions(cursor.group()) : new Map();
  cursor.expect('AS');
  const body = tokens.slice(cursor.index);
  const text = session.sql.slice(body[0]?.start, body.at(-1)?.end);
  const { schema } = await runSelect(session, body, true);
  if (names !== undefined && names.length !== schema.length)
    throw invalidQuery('The view has another number of columns than its query');
  const fields = schema.map(
    (field, index) => ({ ...field, name: names?.[index] ?? field.name }) as Table['schema'][number],
  );
  const query = names === undefined ? text : `SELECT * FROM (${text}) AS v`;
  const renamed =
    names === undefined
      ? query
      : renamedQuery(
          text,
          schema.map(({ name }) => name),
          names,
        );
  const dataset = session.scope.defaultDataset;
  const extra = {
    ...optionProperties(options),
    ...(isMaterialized && { materializedView: { query: text, enableRefresh: true } }),
  };
  return () =>
    session.store.createTable(
      newTable(ref, fields, {
        type: 'VIEW',
        view: { query: renamed, ...(dataset && { dataset }) },
        extra,
      }),
    );
}

function renamedQuery(text: string, from: readonly string[], to: readonly string[]): string {
  const items = from.map((name, index) => `\`${name}\` AS \`${to[index]}\``);
  return `SELECT ${items.join(', ')} FROM (${text})`;
}

function skipTo(cursor: TokenCursor, end: RegExp): void {
  while (!cursor.done && !end.test(cursor.peek()?.text ?? '')) cursor.take();
}

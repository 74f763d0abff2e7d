import { describe, expect, it } from 'vitest';
import { columnName, nameProblem } from '../../../../shared/column-rules.ts';
import type { Stream, TableName } from '../../../../shared/config/config.ts';
import { defineRelay } from '../../../../shared/config/define-relay.ts';
import type { RelayError } from '../../../../shared/errors.ts';
import { absmartly } from '../../../../shared/sources/absmartly.ts';
import { datanostro } from '../../../../shared/sources/datanostro.ts';
import { type GenericOptions, generic } from '../../../../shared/sources/generic.ts';

const table = 'sales.events';

type Columns = NonNullable<GenericOptions['columns']>;

const text = { type: 'STRING', from: '$.a' } as const;
const columns = (...names: string[]): Columns =>
  Object.fromEntries(names.map((name) => [name, text]));
const events = (options: Partial<GenericOptions>) => generic({ table, ...options });
const files = (...names: string[]) =>
  absmartly({
    table,
    apiUrl: 'https://acme.absmartly.com',
    schema: Object.fromEntries(names.map((name) => [name, 'STRING' as const])),
  });

/** The problems of a stream `x`, a line each; none where the config is taken. */
function problemsOf(stream: Stream): string[] {
  try {
    defineRelay({ project: 'my-project', streams: { x: stream } });
  } catch (error) {
    expect((error as RelayError).code).toBe('config.invalid');
    return (error as RelayError).message.split('\n').slice(1);
  }
  return [];
}

const many = Array.from({ length: 10_001 }, (_, index) => `c${index}`);
const refusedNames = [
  ['_CHANGE_TYPE', 'begins with _CHANGE_TYPE'],
  ['_change_sequence_number', 'begins with _CHANGE_SEQUENCE_NUMBER'],
  ['_PARTITIONTIME', 'begins with _PARTITION'],
  ['_PartitionDate', 'begins with _PARTITION'],
  ['_TABLE_SUFFIX', 'begins with _TABLE_'],
  ['_FILE_NAME', 'begins with _FILE_'],
  ['_row_timestamp', 'begins with _ROW_TIMESTAMP'],
  ['__root__', 'begins with __ROOT__'],
  ['_colidentifier_1', 'begins with _COLIDENTIFIER'],
  ['n'.repeat(301), 'must have 300 characters at most'],
  ['a b', 'must be a letter'],
  ['a-b', 'must be a letter'],
  ['a.b', 'must be a letter'],
  ['9a', 'must be a letter'],
  ['٣a', 'must be a letter'],
  ['', 'must be a letter'],
  ['😀', 'must be a letter'],
  ['e\u0301', "must be in Unicode's composed form"],
] as const;

describe('the name of a column', () => {
  it.each(refusedNames)('%j is refused in columns, moreColumns and schema', (name, problem) => {
    const columnProblems = problemsOf(events({ columns: columns('id', name) }));
    expect(columnProblems).toEqual([
      expect.stringContaining(`streams.x.columns.${name} ${problem}`),
    ]);
    const more = problemsOf(events({ moreColumns: columns(name) }));
    expect(more).toEqual([expect.stringContaining(`streams.x.moreColumns.${name} ${problem}`)]);
    const schema = problemsOf(files('id', name));
    expect(schema).toEqual([expect.stringContaining(`streams.x.schema.${name} ${problem}`)]);
  });

  it.each(['_', '_x', 'événement', '数量', 'имя', 'नाम', 'a‿b', 'n'.repeat(300), 'PARTITION_x'])(
    '%j is taken everywhere, and is what a header of this name becomes',
    (name) => {
      expect(problemsOf(events({ columns: columns(name) }))).toEqual([]);
      expect(problemsOf(events({ moreColumns: columns(name) }))).toEqual([]);
      expect(problemsOf(files(name))).toEqual([]);
      expect(columnName(name)).toBe(name);
    },
  );

  it.each([
    ...refusedNames.map(([name]) => name),
    '𠀀'.repeat(200),
    'lone \ud800',
    ' _file_x',
    '=1+1',
  ])('a header %j becomes a name that is taken, or none', (header) => {
    const name = columnName(header);
    if (name !== '') expect(nameProblem(name)).toBeUndefined();
    else expect(header.trim()).toBe('');
  });
});

describe('two columns that are one to BigQuery', () => {
  it('are named both, with their whole paths', () => {
    expect(problemsOf(events({ columns: columns('Name', 'id', 'name', 'NAME') }))).toEqual([
      '  streams.x.columns.Name and streams.x.columns.name are one column to BigQuery',
      '  streams.x.columns.Name and streams.x.columns.NAME are one column to BigQuery',
    ]);
    expect(problemsOf(events({ moreColumns: columns('Ärger', 'ärger') }))).toEqual([
      '  streams.x.moreColumns.Ärger and streams.x.moreColumns.ärger are one column to BigQuery',
    ]);
    expect(problemsOf(files('Name', 'name'))).toEqual([
      '  streams.x.schema.Name and streams.x.schema.name are one column to BigQuery',
    ]);
  });

  it('may be one that every stream has', () => {
    expect(problemsOf(events({ moreColumns: columns('Event_ID') }))).toEqual([
      '  streams.x.moreColumns.Event_ID and the column event_id of every such stream are one column to BigQuery',
    ]);
  });

  it('may be one that the source has: each is told of once', () => {
    const own = datanostro({ table, moreColumns: columns('Event_ID', 'event_name', 'x', 'X') });
    expect(problemsOf(own)).toEqual([
      '  streams.x.moreColumns.Event_ID is a column of the source already',
      '  streams.x.moreColumns.event_name is a column of the source already',
      '  streams.x.moreColumns.x and streams.x.moreColumns.X are one column to BigQuery',
    ]);
    expect(problemsOf(datanostro({ table, moreColumns: columns('_PARTITIONTIME') }))).toHaveLength(
      1,
    );
  });

  it('a column of one’s own may stand in the place of a default one', () => {
    expect(problemsOf(events({ moreColumns: columns('event_id') }))).toEqual([]);
  });
});

describe('a table', () => {
  it('has 10,000 columns at most', () => {
    expect(problemsOf(events({ columns: columns(...many) }))).toEqual([
      '  streams.x.columns make 10001 columns, and a table has 10000 at most',
    ]);
    expect(problemsOf(events({ columns: columns(...many.slice(1)) }))).toEqual([]);
    // Beside six default columns.
    expect(problemsOf(events({ moreColumns: columns(...many.slice(6)) }))).toEqual([
      '  streams.x.moreColumns make 10001 columns, and a table has 10000 at most',
    ]);
    expect(problemsOf(files(...many))).toEqual([
      '  streams.x.schema make 10001 columns, and a table has 10000 at most',
    ]);
    expect(problemsOf(files(...many.slice(1)))).toEqual([]);
  });

  it('has a name of its own length', () => {
    const named = (name: string) => problemsOf(events({ table: name as TableName })).join();
    expect(named(`${'d'.repeat(1024)}.${'t'.repeat(1017)}`)).toBe('');
    expect(named(`${'d'.repeat(1025)}.t`)).toContain('streams.x.table must be');
    expect(named(`d.${'t'.repeat(1018)}`)).toContain('streams.x.table must be');
  });

  it('is not partitioned or clustered by what BigQuery can’t', () => {
    const clustered = (type: 'FLOAT64' | 'JSON' | 'TIME') => ({
      name: { type, from: '$.n' as const },
      id: text,
    });
    for (const type of ['FLOAT64', 'JSON', 'TIME'] as const) {
      expect(problemsOf(events({ columns: clustered(type), key: ['name'] }))).toEqual([
        `  streams.x.key.0 "name" is ${type}, which a primary key can't have`,
      ]);
    }
  });
});

it('a description has 1,024 characters at most', () => {
  const described = (length: number) =>
    problemsOf(events({ columns: { id: { ...text, description: 'd'.repeat(length) } } }));
  expect(described(1024)).toEqual([]);
  expect(described(1025)).toEqual([
    '  streams.x.columns.id.description must have 1024 characters at most',
  ]);
});

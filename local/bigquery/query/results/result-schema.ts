import {
  type DuckDBDecimalType,
  type DuckDBListType,
  type DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
} from '@duckdb/node-api';
import type { Field, FieldType } from '../../tables/schema.ts';
import { UNITS_FIELD } from '../../values/bignumeric.ts';

/** A result's column: the same as a table's, plus INTERVAL. */
export type ResultField = Omit<Field, 'type' | 'fields'> & {
  type: FieldType | 'INTERVAL';
  fields?: ResultField[];
};

const TYPES: Readonly<Partial<Record<DuckDBTypeId, FieldType | 'INTERVAL'>>> = {
  [DuckDBTypeId.BOOLEAN]: 'BOOLEAN',
  [DuckDBTypeId.TINYINT]: 'INTEGER',
  [DuckDBTypeId.SMALLINT]: 'INTEGER',
  [DuckDBTypeId.INTEGER]: 'INTEGER',
  [DuckDBTypeId.BIGINT]: 'INTEGER',
  [DuckDBTypeId.UTINYINT]: 'INTEGER',
  [DuckDBTypeId.USMALLINT]: 'INTEGER',
  [DuckDBTypeId.UINTEGER]: 'INTEGER',
  [DuckDBTypeId.UBIGINT]: 'INTEGER',
  [DuckDBTypeId.HUGEINT]: 'INTEGER',
  [DuckDBTypeId.UHUGEINT]: 'INTEGER',
  [DuckDBTypeId.FLOAT]: 'FLOAT',
  [DuckDBTypeId.DOUBLE]: 'FLOAT',
  [DuckDBTypeId.DATE]: 'DATE',
  [DuckDBTypeId.TIME]: 'TIME',
  [DuckDBTypeId.TIMESTAMP]: 'DATETIME',
  [DuckDBTypeId.TIMESTAMP_S]: 'DATETIME',
  [DuckDBTypeId.TIMESTAMP_MS]: 'DATETIME',
  [DuckDBTypeId.TIMESTAMP_NS]: 'DATETIME',
  [DuckDBTypeId.TIMESTAMP_TZ]: 'TIMESTAMP',
  [DuckDBTypeId.BLOB]: 'BYTES',
  [DuckDBTypeId.INTERVAL]: 'INTERVAL',
  // A NULL without a type is INT64 in GoogleSQL.
  [DuckDBTypeId.SQLNULL]: 'INTEGER',
};

/** The BigQuery column of a DuckDB result's column. */
export function resultField(name: string, type: DuckDBType): ResultField {
  if (type.typeId === DuckDBTypeId.LIST) {
    return { ...resultField(name, (type as DuckDBListType).valueType), mode: 'REPEATED' };
  }
  if (type.typeId === DuckDBTypeId.STRUCT) {
    const { entryNames, entryTypes } = type as DuckDBStructType;
    if (entryNames.length === 1 && entryNames[0] === UNITS_FIELD) {
      return { name, type: 'BIGNUMERIC', mode: 'NULLABLE' };
    }
    const fields = entryNames.map((entry, index) =>
      resultField(entry, entryTypes[index] as DuckDBType),
    );
    return { name, type: 'RECORD', mode: 'NULLABLE', fields };
  }
  return { name, type: scalarType(type), mode: 'NULLABLE' };
}

function scalarType(type: DuckDBType): FieldType | 'INTERVAL' {
  if (type.alias === 'JSON') return 'JSON';
  if (type.typeId === DuckDBTypeId.DECIMAL) {
    return (type as DuckDBDecimalType).scale > 9 ? 'BIGNUMERIC' : 'NUMERIC';
  }
  return TYPES[type.typeId] ?? 'STRING';
}

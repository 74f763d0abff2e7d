import {
  ANY,
  type DuckDBConnection,
  type DuckDBDataChunk,
  DuckDBScalarFunction,
  type DuckDBVector,
} from '@duckdb/node-api';
import { macroStatements } from '../macros.ts';
import { dateFunctions } from './dates/date-functions.ts';
import { zoneFunctions } from './dates/zone-functions.ts';
import { DUCK_TYPES, fromDuck, type RuntimeFunction, toDuck } from './define.ts';
import { javaScriptFunctions } from './javascript.ts';
import { jsonFunctions } from './json/json-functions.ts';
import { bytesFunctions } from './text/bytes-functions.ts';
import { netFunctions } from './text/net-functions.ts';
import { regexpFunctions } from './text/regexp-functions.ts';
import { textFunctions } from './text/text-functions.ts';
import { castFunctions } from './values/cast-functions.ts';
import { containsFunctions } from './values/contains-functions.ts';
import { decimalFunctions } from './values/decimal-functions.ts';
import { formatFunctions } from './values/format-functions.ts';
import { numberFunctions } from './values/number-functions.ts';

/** The prefix of all functions here, in DuckDB. */
const RUNTIME_PREFIX = 'gsql_';

/** Adds the functions and the macros to the connection's database, for all of its connections. */
export async function registerRuntime(connection: DuckDBConnection): Promise<void> {
  const all = [
    ...castFunctions,
    ...numberFunctions,
    ...decimalFunctions,
    ...formatFunctions,
    ...containsFunctions,
    ...dateFunctions,
    ...zoneFunctions,
    ...textFunctions,
    ...bytesFunctions,
    ...regexpFunctions,
    ...netFunctions,
    ...jsonFunctions,
    ...javaScriptFunctions,
  ];
  for (const each of all) connection.registerScalarFunction(scalarFunction(each));
  // In one transaction, because each commit waits for the disk.
  await connection.run(['BEGIN', ...macroStatements(), 'COMMIT'].join(';\n'));
}

function scalarFunction(definition: RuntimeFunction): DuckDBScalarFunction {
  return DuckDBScalarFunction.create({
    name: RUNTIME_PREFIX + definition.name,
    parameterTypes: definition.parameters.map((code) => DUCK_TYPES[code]),
    ...(definition.variadic && { varArgsType: ANY }),
    returnType: DUCK_TYPES[definition.returns],
    specialHandling: true,
    mainFunction: (_, input, output) => runRows(definition, input, output),
  });
}

function runRows(definition: RuntimeFunction, input: DuckDBDataChunk, output: DuckDBVector): void {
  const columns = Array.from({ length: input.columnCount }, (_, index) =>
    input.getColumnVector(index),
  );
  const declared = definition.parameters.length;
  for (let row = 0; row < input.rowCount; row++) {
    // Further arguments are of any type, and stay DuckDB's values.
    const args = columns.map((column, index) => {
      const value = column.getItem(row);
      return index < declared ? fromDuck(value) : value;
    });
    const isNull = !definition.takesNulls && args.includes(null);
    output.setItem(row, toDuck(definition.returns, isNull ? null : definition.run(args)));
  }
  output.flush();
}

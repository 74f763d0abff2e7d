import { BigQueryError } from '../../errors.ts';
import type { Routine } from '../../sql/analyse/analysis.ts';
import { resolveType } from '../../sql/analyse/values/casts.ts';
import { tokenize } from '../../sql/lexer.ts';
import { parseQuery, readerOf } from '../../sql/parse/parse.ts';
import { readType } from '../../sql/parse/types.ts';
import { invalidQuery } from '../../sql/query-error.ts';
import { compileJavaScript } from '../../sql/runtime/javascript.ts';
import type { SqlType } from '../../sql/types.ts';
import type { RoutineResource } from '../../storage/routines.ts';
import { tableRef } from './names.ts';
import type { Session } from './session.ts';

export function typeOfText(text: string): SqlType {
  return resolveType(readType(readerOf(tokenize(text))));
}

/** A function that statements may call. Throws invalidQuery for a body that is none. */
export function routineOf(resource: RoutineResource): Routine {
  const parameters = resource.arguments.map(({ name, type }) => ({
    name,
    type: type === undefined ? undefined : typeOfText(type),
  }));
  const returns = resource.returns === undefined ? undefined : typeOfText(resource.returns);
  if (resource.language === 'JAVASCRIPT') {
    const types = [...parameters.map(({ type }) => type), returns];
    if (types.some((type) => type?.kind === 'INT64')) {
      throw invalidQuery('JavaScript UDFs do not support INT64; use FLOAT64, NUMERIC or STRING');
    }
    const javaScript = compileJavaScript(
      parameters.map(({ name }) => name),
      resource.definition,
    );
    return { parameters, javaScript, ...(returns && { returns }) };
  }
  const reader = readerOf(tokenize(resource.definition));
  const body = reader.expression();
  if (!reader.done) throw reader.unexpected();
  return { parameters, body, ...(returns && { returns }) };
}

/** Adds a temporary function to the session. */
export function addRoutine(session: Session, name: string, resource: RoutineResource): void {
  if (resource.routineType === 'TABLE_VALUED_FUNCTION')
    session.tableFunctions.set(name, tableFunctionOf(resource));
  else if (resource.routineType === 'PROCEDURE')
    throw new BigQueryError('invalidQuery', 'A procedure cannot be temporary');
  else session.routines.set(name, routineOf(resource));
}

export function tableFunctionOf(resource: RoutineResource) {
  const parameters = resource.arguments.map(({ name, type }) => ({
    name,
    type: type === undefined ? undefined : typeOfText(type),
  }));
  return { parameters, query: parseQuery(tokenize(resource.definition)) };
}

/** The function of a dataset with this path, if there is one. */
export function storedRoutine(
  session: Session,
  name: string,
  type: RoutineResource['routineType'],
): RoutineResource | undefined {
  const path = name.split('.');
  if (path.length === 1 && session.scope.defaultDataset === undefined) return undefined;
  const { tableId: routineId, ...dataset } = tableRef(path, session.scope);
  const found = session.store.routines.get({ ...dataset, routineId });
  return found?.routineType === type ? found : undefined;
}

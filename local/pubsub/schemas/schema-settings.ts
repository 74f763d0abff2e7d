import type { protos } from '@google-cloud/pubsub';
import { invalid } from '../errors.ts';
import { checkName, DELETED_SCHEMA } from '../resource-names.ts';

export interface SchemaSettings {
  readonly schema: string;
  readonly encoding: number;
  readonly firstRevisionId?: string;
  readonly lastRevisionId?: string;
}

export const JSON_ENCODING = 1;
export const BINARY_ENCODING = 2;

export function parseSchemaSettings(
  given: protos.google.pubsub.v1.ISchemaSettings,
): SchemaSettings {
  const { firstRevisionId, lastRevisionId } = given;
  const encoding = Number(given.encoding ?? 0);
  if (encoding !== JSON_ENCODING && encoding !== BINARY_ENCODING) {
    throw invalid('Invalid schema_settings.encoding: it must be JSON or BINARY.');
  }
  const schema =
    given.schema === DELETED_SCHEMA ? DELETED_SCHEMA : checkName('schemas', given.schema);
  return {
    schema,
    encoding,
    ...(firstRevisionId && { firstRevisionId }),
    ...(lastRevisionId && { lastRevisionId }),
  };
}

import type { PublishedMessage } from '../request-limits.ts';
import type { SchemaRegistry } from './schema-registry.ts';
import { JSON_ENCODING, type SchemaSettings } from './schema-settings.ts';

/**
 * The message with the attributes that say which schema it fits, as subscribers get them:
 * https://cloud.google.com/pubsub/docs/schemas#message-format. Throws INVALID_ARGUMENT if it fits none.
 */
export function fitted(
  message: PublishedMessage,
  settings: SchemaSettings,
  schemas: SchemaRegistry,
): PublishedMessage {
  const { data } = message;
  const bytes = typeof data === 'string' ? Buffer.from(data, 'base64') : (data ?? Buffer.alloc(0));
  const revision = schemas.match(settings, bytes);
  return {
    ...message,
    data: bytes,
    // `message` is an instance of protobufjs: its empty fields are on its prototype.
    orderingKey: message.orderingKey ?? null,
    attributes: {
      ...message.attributes,
      googclient_schemaencoding: settings.encoding === JSON_ENCODING ? 'JSON' : 'BINARY',
      googclient_schemaname: settings.schema,
      googclient_schemarevisionid: revision.id,
    },
  };
}

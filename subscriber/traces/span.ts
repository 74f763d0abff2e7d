/** Where a span belongs: ids in lower-case hexadecimal digits. */
export interface SpanPlace {
  traceId: string;
  spanId: string;
}

/** A span that has ended. It holds no payload, no header and no secret. */
export interface Span extends SpanPlace {
  name: string;
  kind: 'server' | 'producer' | 'consumer' | 'client' | 'internal';
  parentId?: string | undefined;
  /** Unix milliseconds. */
  startMs: number;
  endMs: number;
  attributes: Readonly<Record<string, string | number | undefined>>;
  links?: readonly SpanPlace[];
  /** How many more there were. */
  droppedLinks?: number;
  /** `error.type`; without one the span is in order. */
  errorType?: string | undefined;
}

import protobuf from 'protobufjs';

/** What is read here of https://github.com/open-telemetry/opentelemetry-proto, by its field numbers. */
const schema = `
syntax = "proto3";
message Request { repeated ResourceSpans resources = 1; }
message ResourceSpans { repeated ScopeSpans scopes = 2; }
message ScopeSpans { repeated Span spans = 2; }
message Span {
  bytes trace = 1; bytes id = 2; bytes parent = 4; string name = 5; int32 kind = 6; fixed64 start = 7;
  fixed64 end = 8; repeated KeyValue attributes = 9; repeated Link links = 13; uint32 droppedLinks = 14;
  Status status = 15;
}
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue { oneof value { string text = 1; bool flag = 2; int64 whole = 3; double number = 4; } }
message Link { bytes trace = 1; bytes id = 2; }
message Status { int32 code = 3; }
`;
const requestType = protobuf.parse(schema).root.lookupType('Request');

/** By https://opentelemetry.io/docs/specs/otel/protocol/: from 1 on. */
const kinds = ['', 'internal', 'server', 'client', 'producer', 'consumer'];

export interface ReceivedSpan {
  trace: string;
  id: string;
  /** Empty if it has none. */
  parent: string;
  name: string;
  kind: string | undefined;
  /** Unix milliseconds. */
  startMs: number;
  endMs: number;
  attributes: Record<string, string | number | boolean | undefined>;
  links: { trace: string; id: string }[];
  droppedLinks: number;
  isError: boolean;
}

interface Raw {
  trace: Uint8Array;
  id: Uint8Array;
  parent?: Uint8Array;
  name: string;
  kind: number;
  start: string;
  end: string;
  attributes: {
    key: string;
    value: { text?: string; flag?: boolean; whole?: string; number?: number };
  }[];
  links: { trace: Uint8Array; id: Uint8Array }[];
  droppedLinks?: number;
  status?: { code?: number };
}

const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex');
const toMs = (nanoseconds: string) => Number(BigInt(nanoseconds) / 1000n) / 1000;
const errorCode = 2;

export function readSpans(body: Uint8Array): ReceivedSpan[] {
  const { resources } = requestType.toObject(requestType.decode(body), {
    longs: String,
    arrays: true,
  }) as { resources: { scopes: { spans: Raw[] }[] }[] };
  return resources
    .flatMap(({ scopes }) => scopes.flatMap(({ spans }) => spans))
    .map((span) => ({
      trace: hex(span.trace),
      id: hex(span.id),
      parent: hex(span.parent),
      name: span.name,
      kind: kinds[span.kind],
      startMs: toMs(span.start),
      endMs: toMs(span.end),
      attributes: Object.fromEntries(
        span.attributes.map(({ key, value: { text, flag, whole, number } }) => [
          key,
          text ?? flag ?? (whole === undefined ? number : Number(whole)),
        ]),
      ),
      links: span.links.map((link) => ({ trace: hex(link.trace), id: hex(link.id) })),
      droppedLinks: span.droppedLinks ?? 0,
      isError: span.status?.code === errorCode,
    }));
}

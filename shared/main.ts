// What a config imports as 'tributary-relay': `defineRelay`, a function for each source and each preset, those
// that make a scheme of one's own, and the types of their options.
// Everything else in shared/ is for the relay's own parts, which import it by path. README.md shows the way.

export type { ColumnType } from './columns.ts';
export type {
  AlertConditions,
  AlertFormat,
  AlertOptions,
  AlertReceiver,
  Span,
} from './config/alert-options.ts';
export type { HandshakeName, Relay, RelayOptions, Stream, StreamOptions } from './config/config.ts';
export { defineRelay } from './config/define-relay.ts';
export type {
  ColumnShape,
  EventShape,
  JoinedPlaces,
  TimeUnit,
  ValuePlace,
} from './config/event-shape.ts';
export type { ExportFilter, ExportSettings, ExportStorage } from './config/export-settings.ts';
export type { HistoryApi, HistorySettings } from './config/history-settings.ts';
export type { Condition, FieldTests, Filter, Scalar } from './filters/condition.ts';
export type { BodyFormat } from './formats/body-formats.ts';
export { basic, ecdsa, ed25519, hmac, jwt, rsa, token } from './signatures/builders.ts';
export type { Scheme } from './signatures/scheme.ts';
export type { SchemeName, TokenSchemeName } from './signatures/schemes.ts';
export type { JwtSpec, SignatureSpec } from './signatures/spec.ts';
export type { ReplayWindow } from './signatures/timestamp.ts';
export { type AbsmartlyOptions, absmartly } from './sources/absmartly.ts';
export { type DatanostroOptions, datanostro } from './sources/datanostro.ts';
export { type GenericOptions, generic } from './sources/generic.ts';
export * from './sources/presets.ts';
export { type SegmentstreamOptions, segmentstream } from './sources/segmentstream.ts';

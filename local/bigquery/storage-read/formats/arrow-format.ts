import type { protos } from '@google-cloud/bigquery-storage';
import type { DataType, Field } from 'apache-arrow';
import type { ResultField } from '../../query/results/result-schema.ts';
import { arrowCompression } from './arrow-compression.ts';
import { arrowData } from './arrow-data.ts';
import type { RowFormat } from './row-format.ts';

type Arrow = typeof import('apache-arrow');
type Codec =
  keyof typeof protos.google.cloud.bigquery.storage.v1.ArrowSerializationOptions.CompressionCodec;

/** The end of an IPC stream: a continuation mark and a size of 0. */
const END_BYTES = 8;

/** Record batches as IPC messages. Loads the library, which takes a tenth of a second. */
export async function arrowFormat(
  fields: readonly ResultField[],
  codec: Codec,
): Promise<RowFormat> {
  const arrow = await import('apache-arrow');
  const own = fields.map((field) => arrowField(arrow, field));
  const schema = new arrow.Schema(own);
  const type = new arrow.Struct(own);
  const compressionType = arrowCompression(arrow, codec);
  const write = (columns: Parameters<RowFormat['encode']>[0], count: number) => {
    const children = fields.map((field, index) =>
      arrowData(arrow, field, own[index] as Field, columns[index] ?? []),
    );
    const data = arrow.makeData({ type, length: count, nullCount: 0, children });
    const batch = new arrow.RecordBatch(schema, data);
    const writer = new arrow.RecordBatchStreamWriter({ autoDestroy: true, compressionType });
    writer.write(batch);
    writer.finish();
    return writer.toUint8Array(true);
  };
  const empty = write(
    fields.map(() => []),
    0,
  );
  const schemaBytes = messageLength(empty);
  return {
    schema: { arrowSchema: { serializedSchema: empty.slice(0, schemaBytes) } },
    encode(columns, count) {
      const stream = write(columns, count);
      const serializedRecordBatch = stream.subarray(schemaBytes, stream.length - END_BYTES);
      return { arrowRecordBatch: { serializedRecordBatch, rowCount: count } };
    },
  };
}

/** The length of the first message, which has no body: a continuation mark, the size and the metadata. */
function messageLength(stream: Uint8Array): number {
  return 8 + new DataView(stream.buffer, stream.byteOffset).getInt32(4, true);
}

/** https://cloud.google.com/bigquery/docs/reference/storage#arrow_schema_details */
function arrowField(arrow: Arrow, field: ResultField): Field {
  const { name, mode } = field;
  if (mode === 'REPEATED') {
    const item = arrowField(arrow, { ...field, name: 'item', mode: 'NULLABLE' });
    return new arrow.Field(name, new arrow.List(item), false);
  }
  const extension = EXTENSIONS[field.type];
  const metadata = new Map(extension === undefined ? [] : [['ARROW:extension:name', extension]]);
  return new arrow.Field(name, arrowType(arrow, field), mode !== 'REQUIRED', metadata);
}

/** BigQuery's types that Arrow does not have. */
const EXTENSIONS: Partial<Record<ResultField['type'], string>> = {
  DATETIME: 'google:sqlType:datetime',
  JSON: 'google:sqlType:json',
};

function arrowType(arrow: Arrow, field: ResultField): DataType {
  switch (field.type) {
    case 'STRING':
    case 'JSON':
      return new arrow.Utf8();
    case 'BYTES':
      return new arrow.Binary();
    case 'INTEGER':
      return new arrow.Int64();
    case 'FLOAT':
      return new arrow.Float64();
    case 'NUMERIC':
      return new arrow.Decimal(9, 38, 128);
    case 'BIGNUMERIC':
      return new arrow.Decimal(38, 76, 256);
    case 'BOOLEAN':
      return new arrow.Bool();
    case 'TIMESTAMP':
      return new arrow.TimestampMicrosecond('UTC');
    case 'DATETIME':
      return new arrow.TimestampMicrosecond();
    case 'DATE':
      return new arrow.DateDay();
    case 'TIME':
      return new arrow.TimeMicrosecond();
    case 'INTERVAL':
      return new arrow.IntervalMonthDayNano();
    case 'RECORD':
      return new arrow.Struct((field.fields ?? []).map((inner) => arrowField(arrow, inner)));
  }
}

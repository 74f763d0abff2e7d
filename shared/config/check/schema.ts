import * as v from 'valibot';
import { parseBlock } from '../../addresses.ts';
import { nameProblem } from '../../column-rules.ts';
import { delimiters } from '../../delimited/dialect.ts';
import { isEncoding } from '../../delimited/encoding.ts';
import { bodyFormats } from '../../formats/body-formats.ts';
import { schemes } from '../../signatures/schemes.ts';
import { readWindow } from '../../signatures/timestamp.ts';
import { sources } from '../../sources/registry.ts';
import { handshakeNames } from '../config.ts';
import type { CsvColumnType } from '../export-settings.ts';
import { AlertsSchema } from './alert-schema.ts';
import { ApiUrl } from './api-url.ts';
import { isLocationForm } from './locations.ts';
import { hasSchemeForm } from './scheme-form.ts';
import { strictObject } from './strict-object.ts';

const mebibyte = 1024 * 1024;

// BigQuery allows 1,024 bytes, and each of these characters is one byte. The view `<table>_unique` must fit too.
const TableName = v.pipe(
  v.string(),
  v.regex(
    /^\w{1,1024}\.[\w-]{1,1017}$/,
    'must be "dataset.table", of 1,024 and 1,017 letters at most',
  ),
);

const ResourceName = v.pipe(
  v.string(),
  v.regex(
    /^(?!goog)[A-Za-z][\w.~+%-]{2,254}$/,
    'must be 3 to 255 letters, digits or - . _ ~ + %, begin with a letter and not with "goog"',
  ),
);

const StreamName = v.pipe(
  v.string(),
  v.regex(/^[a-z][a-z0-9_-]{0,62}$/, 'must be lower case: a letter, then letters, digits, - or _'),
);

const SecretName = v.pipe(
  v.string(),
  v.regex(/^[A-Z][A-Z0-9_]*$/, 'must name a secret, as in UPPER_CASE; never the secret itself'),
);

const TimeZone = v.pipe(
  v.string(),
  v.check(isTimeZone, 'must be an IANA time zone or an offset such as +02:00'),
);

function isTimeZone(timeZone: string): boolean {
  try {
    return Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

const AddressBlock = v.pipe(
  v.string(),
  v.check(
    (text) => parseBlock(text) !== undefined,
    'must be an address or a CIDR block, such as 192.0.2.0/24',
  ),
);

const Window = v.pipe(
  v.union([v.string(), v.literal(false)], 'must be a duration such as 15m, or false'),
  v.check(
    (window) => window === false || readWindow(window) !== undefined,
    'must be a duration: a number and s, m, h or d, such as 90s, 15m, 25h or 3d',
  ),
);

const From = v.union(
  [v.string(), v.array(v.string())],
  'must be a place such as $.type, or a list',
);
const Unit = v.picklist(['s', 'ms', 'us', 'ns', 'iso']);

// The texts are checked when they are compiled.
const Columns = v.record(
  v.string(),
  strictObject({
    type: v.string(),
    from: v.string(),
    unit: v.optional(Unit),
    required: v.optional(v.boolean()),
    description: v.optional(v.string()),
  }),
);

const csvColumnTypes = [
  'STRING',
  'BYTES',
  'INT64',
  'FLOAT64',
  'NUMERIC',
  'BIGNUMERIC',
  'BOOL',
  'TIMESTAMP',
  'DATE',
  'DATETIME',
  'TIME',
  'JSON',
] as const satisfies readonly CsvColumnType[];

const Text = v.pipe(v.string(), v.nonEmpty('must not be empty'));
const oneOf = 'must name a tag, an owner or a team';

const ColumnName = v.pipe(
  v.string(),
  v.check(
    (name) => nameProblem(name) === undefined,
    ({ input }) => nameProblem(input) ?? '',
  ),
);

const FixedColumns = v.pipe(
  v.record(ColumnName, v.picklist(csvColumnTypes)),
  v.check((columns) => Object.keys(columns).length > 0, 'must have a column'),
);
const LeftToBigQuery = v.literal('bigquery', "must name columns, or be 'bigquery'");

/** How the settings are parsed: a part of the stream's schema. */
const exportEntries = {
  apiUrl: v.optional(ApiUrl),
  tablePerExperiment: v.optional(v.boolean()),
  exportFilter: v.optional(
    v.pipe(
      strictObject({
        tag: v.optional(Text),
        owner: v.optional(Text),
        team: v.optional(Text),
      }),
      v.check((filter) => Object.keys(filter).length > 0, oneOf),
    ),
  ),
  storage: v.optional(
    strictObject({
      kind: v.picklist(['gcs', 's3']),
      bucket: Text,
      prefix: v.optional(v.string()),
      endpoint: v.optional(ApiUrl),
      region: v.optional(Text),
    }),
  ),
  schema: v.optional(
    v.lazy((schema) => (typeof schema === 'string' ? LeftToBigQuery : FixedColumns)),
  ),
  encoding: v.optional(
    v.pipe(v.string(), v.check(isEncoding, 'must be an encoding, such as windows-1252')),
  ),
  delimiter: v.optional(v.picklist(delimiters, "must be ',', ';', a tab or '|'")),
};

const historyEntries = {
  history: v.optional(
    strictObject({
      url: ApiUrl,
      path: v.optional(
        v.pipe(
          v.string(),
          v.regex(/^\/(?!\/)[^?#\\\s]*$/, 'must begin with one /, without a query'),
        ),
      ),
      header: v.optional(
        v.pipe(
          v.string(),
          v.regex(
            /^[!#$%&'*+.^_`|~\da-z-]+: ?[\x21-\x7e ]*\{key\}[\x21-\x7e ]*$/i,
            'must be a header that holds {key}, such as X-Api-Key: {key}',
          ),
        ),
      ),
    }),
  ),
};

const notBuilt = 'must be a name, or made by hmac, ed25519, ecdsa, rsa, jwt, token or basic';

// own-scheme.ts checks what the builders made of it.
const OwnScheme = v.pipe(
  v.looseObject({}, notBuilt),
  v.check((scheme) => hasSchemeForm(scheme), notBuilt),
);

const StreamSchema = strictObject({
  source: v.picklist(Object.keys(sources)),
  scheme: v.lazy((scheme) =>
    typeof scheme === 'object' ? OwnScheme : v.picklist(Object.keys(schemes)),
  ),
  body: v.optional(
    v.union([v.picklist(bodyFormats), v.pipe(v.array(v.picklist(bodyFormats)), v.minLength(1))]),
  ),
  each: v.optional(v.string()),
  event: v.optional(From),
  id: v.optional(From),
  time: v.optional(v.union([v.string(), strictObject({ from: v.string(), unit: Unit })])),
  columns: v.optional(Columns),
  moreColumns: v.optional(Columns),
  table: TableName,
  secrets: v.optional(v.pipe(v.array(SecretName), v.minLength(1), v.maxLength(4))),
  // Its compiler checks it, and gives the path of each problem.
  filter: v.optional(v.looseObject({})),
  key: v.optional(v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(16))),
  replayWindow: v.optional(Window),
  maxBodyBytes: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(7 * mebibyte)),
  ),
  publishBudgetMs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(100), v.maxValue(25_000))),
  allowedAddresses: v.optional(v.pipe(v.array(AddressBlock), v.minLength(1))),
  acceptedStatus: v.optional(v.picklist([200, 204])),
  handshake: v.optional(v.picklist(handshakeNames)),
  timeZone: v.optional(TimeZone),
  unknown: v.optional(v.picklist(['keep', 'refuse'])),
  invalidValues: v.optional(v.picklist(['null', 'dead-letter'])),
  fields: v.optional(v.boolean()),
  acceptsGet: v.optional(v.boolean()),
  ...exportEntries,
  ...historyEntries,
});

/** The form of each option alone. What the options say together is checked in check-config.ts. */
export const RelaySchema = strictObject({
  project: v.pipe(
    v.string(),
    v.regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, 'must be the id of a Google Cloud project'),
  ),
  location: v.optional(v.pipe(v.string(), v.check(isLocationForm, 'is no location of BigQuery'))),
  topic: v.optional(ResourceName),
  subscription: v.optional(ResourceName),
  deadLetters: v.optional(TableName),
  publicUrl: v.optional(v.pipe(v.string(), v.url('must be a URL'))),
  alerts: v.optional(AlertsSchema),
  log: v.optional(v.picklist(['problems', 'all'])),
  refused: v.optional(
    strictObject({
      keep: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1000))),
      bodyBytes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(4096))),
    }),
  ),
  streams: v.record(StreamName, StreamSchema),
});

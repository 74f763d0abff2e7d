import { readDocument } from './documents.ts';

/** An option of the config, as its docstring describes it. */
export interface Option {
  name: string;
  isRequired: boolean;
  /** Empty where it has no docstring. */
  text: string;
  /** TypeScript, as it stands in the config; empty where there is none. */
  example: string;
}

/** A group of options: those of some interfaces in one file. */
export interface OptionGroup {
  title: string;
  /** From the root of the repository. */
  file: string;
  interfaces: readonly string[];
  /** Which functions take them, or which option holds them. */
  takenBy: string;
  /** Makes a whole relay of an example. */
  relayWith: (example: string) => string;
}

const stream = (made: string) => `defineRelay({ ...relay, streams: { own: ${made} } })`;
const genericWith = (options: string) => stream(`generic({ ...signed, ${options} })`);
const alertsWith = (alerts: string) =>
  `defineRelay({ ...relay, streams: { orders: shopify({ table }) }, alerts: ${alerts} })`;
const absmartlyWith = (options: string) => stream(`absmartly({ ...exported, ${options} })`);

export const optionGroups: readonly OptionGroup[] = [
  {
    title: 'The relay',
    file: 'shared/config/config.ts',
    interfaces: ['RelayOptions'],
    takenBy: 'Options of `defineRelay`.',
    relayWith: (example) => `defineRelay({ ...relay, ${example} })`,
  },
  {
    title: '`alerts`',
    file: 'shared/config/alert-options.ts',
    interfaces: ['AlertOptions'],
    takenBy:
      'The option `alerts` of a relay, with the conditions below. [docs/operate/alerts.md](operate/alerts.md) explains it.',
    relayWith: (example) =>
      example.startsWith('receivers')
        ? alertsWith(`{ ${example} }`)
        : alertsWith(`{ receivers: [receiver], ${example} }`),
  },
  {
    title: 'A receiver of alerts',
    file: 'shared/config/alert-options.ts',
    interfaces: ['AlertReceiver'],
    takenBy: 'Options of each receiver in `receivers`.',
    relayWith: (example) => alertsWith(`{ receivers: [{ ...receiver, ${example} }] }`),
  },
  {
    title: 'Conditions of alerts',
    file: 'shared/config/alert-options.ts',
    interfaces: ['AlertConditions'],
    takenBy: 'Options of `alerts`, and of each stream in its `streams`.',
    relayWith: (example) => alertsWith(`{ receivers: [receiver], ${example} }`),
  },
  {
    title: 'Refused deliveries',
    file: 'shared/config/config.ts',
    interfaces: ['RefusedOptions'],
    takenBy: 'Options of `refused`.',
    relayWith: (example) => `defineRelay({ ...relay, refused: { ${example} } })`,
  },
  {
    title: 'Every stream',
    file: 'shared/config/config.ts',
    interfaces: ['StreamOptions'],
    takenBy:
      'Options of every source and every preset, with the exceptions that each source names below.',
    relayWith: genericWith,
  },
  {
    title: 'Filters',
    file: 'shared/filters/condition.ts',
    interfaces: ['Filter'],
    takenBy: 'Options of `filter`.',
    relayWith: (example) => {
      const event = example.startsWith('unsigned') ? "event: 'header:x-topic', " : '';
      return genericWith(`${event}filter: { ${example} }`);
    },
  },
  {
    title: 'Events and columns',
    file: 'shared/config/event-shape.ts',
    interfaces: ['EventShape'],
    takenBy:
      'Options of `generic` and of every preset; `datanostro` and `segmentstream` take `moreColumns`. [docs/sources.md](sources.md) lists the places that a value can be read from.',
    relayWith: genericWith,
  },
  {
    title: 'A column',
    file: 'shared/config/event-shape.ts',
    interfaces: ['PlainColumn', 'TimestampColumn', 'ColumnOptions'],
    takenBy: 'Options of each column in `columns` and `moreColumns`.',
    relayWith: (example) => {
      const type = example.startsWith('unit') ? 'TIMESTAMP' : 'STRING';
      return genericWith(`moreColumns: { own: { ...${type}, ${example} } }`);
    },
  },
  {
    title: '`generic`',
    file: 'shared/sources/generic.ts',
    interfaces: ['GenericOptions'],
    takenBy: 'Options of `generic` beside those above. A preset has its scheme already.',
    relayWith: genericWith,
  },
  {
    title: "A scheme of one's own",
    file: 'shared/signatures/spec.ts',
    interfaces: ['SignatureSpec'],
    takenBy:
      "Options of `hmac`, `ed25519`, `ecdsa` and `rsa`, which make a `scheme` for `generic`: `scheme: hmac({ signature: 'header:x-acme-signature' })`. `hmac` takes `'sha1'` or `'sha512'` behind them, and is SHA-256 without. `token('x-acme-token')` makes one for a sender that shows its secret in a header, which also `segmentstream`, `absmartly`, `mixpanel` and `sendgridInbound` take. [docs/sources.md](sources.md) has an example of each kind.",
    relayWith: (example) => {
      const covered = example.startsWith('bodyDigest') ? ", signed: '{url}'" : '';
      return genericWith(`scheme: hmac({ ...acme, ${example}${covered} })`);
    },
  },
  {
    title: '`jwt`',
    file: 'shared/signatures/spec.ts',
    interfaces: ['JwtSpec'],
    takenBy:
      "Options of `jwt`, for a sender whose signature is a JWT with hashes of the request. The algorithm stands behind them: `'HS256'` (the default), `'HS512'`, `'RS256'`, `'ES256'` or `'EdDSA'`.",
    relayWith: (example) => genericWith(`scheme: jwt({ ...acmeJwt, ${example} })`),
  },
  {
    title: '`datanostro`',
    file: 'shared/sources/datanostro.ts',
    interfaces: ['DatanostroOptions'],
    takenBy: 'Options of `datanostro` alone.',
    relayWith: (example) => stream(`datanostro({ table, ${example} })`),
  },
  {
    title: 'The history of a `datanostro` stream',
    file: 'shared/config/history-settings.ts',
    interfaces: ['HistorySettings', 'HistoryApi'],
    takenBy: 'The option `history` of `datanostro`, and the options in it.',
    relayWith: (example) =>
      example.startsWith('history')
        ? stream(`datanostro({ table, ${example} })`)
        : stream(`datanostro({ table, history: { ...api, ${example} } })`),
  },
  {
    title: '`segmentstream`',
    file: 'shared/sources/segmentstream.ts',
    interfaces: ['SegmentstreamOptions'],
    takenBy: 'Options of `segmentstream` alone.',
    relayWith: (example) => stream(`segmentstream({ table, ${example} })`),
  },
  {
    title: '`absmartly`',
    file: 'shared/sources/absmartly.ts',
    interfaces: ['AbsmartlyOptions'],
    takenBy: 'Options of `absmartly` alone, with those of exports below.',
    relayWith: absmartlyWith,
  },
  {
    title: 'Exports',
    file: 'shared/config/export-settings.ts',
    interfaces: ['ExportSettings'],
    takenBy:
      'Options of `absmartly`. [docs/exports.md](exports.md) explains how exports are loaded.',
    relayWith: absmartlyWith,
  },
  {
    title: '`exportFilter`',
    file: 'shared/config/export-settings.ts',
    interfaces: ['ExportConditions'],
    takenBy: 'Options of `exportFilter`: at least one of them.',
    relayWith: (example) => absmartlyWith(`exportFilter: { ${example} }`),
  },
  {
    title: '`storage`',
    file: 'shared/config/export-settings.ts',
    interfaces: ['ExportStorage'],
    takenBy: 'Options of `storage`.',
    relayWith: (example) => absmartlyWith(`storage: { ...bucket, ${example} }`),
  },
];

/** The options of a group, in the order of their file. Those that are ruled out (`never`) are left out. */
export function optionsOf({ file, interfaces }: OptionGroup): Option[] {
  const source = readDocument(file);
  return interfaces.flatMap((name) => membersOf(bodyOf(source, name)));
}

/** The options that an interface leaves out of another, by its `Omit<StreamOptions, …>`, without `handshake`. */
export function omittedBy({ file, interfaces: [name = ''] }: OptionGroup): string[] {
  const [, head = ''] = declaration(name).exec(readDocument(file)) ?? [];
  const [, omitted = ''] = /Omit<StreamOptions, ([^>]*)>/.exec(head) ?? [];
  // It is declared again, with more in it.
  return [...omitted.matchAll(/'(\w+)'/g)]
    .map(([, option = '']) => option)
    .filter((option) => option !== 'handshake');
}

/** Its head, and its body with members indented by two. Biome formats all of them so. */
function declaration(name: string): RegExp {
  return new RegExp(`interface ${name}\\b([^{]*)\\{\\n([\\s\\S]*?)^\\}`, 'm');
}

function bodyOf(source: string, name: string): string {
  const [, , body] = declaration(name).exec(source) ?? [];
  if (body === undefined) throw new Error(`there is no interface ${name}`);
  return body;
}

/** A docstring, if there is one; then the name, whether it is optional, and the type, which may go on in deeper lines. */
const member =
  /(?:^ {2}\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?^ {2}(\w+)(\??):([^\n]*(?:\n {4}[^\n]*)*);\n/gm;

function membersOf(body: string): Option[] {
  const members = body.matchAll(member);
  return [...members].flatMap(([, docstring = '', name = '', mark, type = '']) => {
    if (type === ' never' || (docstring === '' && /^ '\w+'$/.test(type))) return [];
    const lines = docstring.split('\n').map((line) => line.replace(/^ {3}\* ?/, '').trimEnd());
    const [text = '', example = ''] = lines
      .join('\n')
      .trim()
      .split(/^@example\s+/m);
    return [{ name, isRequired: mark === '', text: text.trim(), example: example.trim() }];
  });
}

import { expect, it } from 'vitest';
import { handshakeNames, type Stream } from '../../shared/config/config.ts';
import { defaultColumns, type JoinedPlaces } from '../../shared/config/event-shape.ts';
import { formatsOf } from '../../shared/formats/body-formats.ts';
import { type Retries, retries } from '../../shared/signatures/retries.ts';
import { type Scheme, schemes } from '../../shared/signatures/schemes.ts';
import * as presets from '../../shared/sources/presets.ts';

function code(from: JoinedPlaces | undefined): string {
  if (from === undefined) return '–';
  return `\`${[from].flat().join(' + ').replaceAll('|', '\\|')}\``;
}

function timeOf({ time }: Stream): string {
  if (time === undefined || typeof time === 'string') return code(time);
  return `${code(time.from)} (${time.unit})`;
}

function columnsOf(stream: Stream): string {
  const more = Object.entries(stream.moreColumns ?? {}).map(
    ([name, { type, from }]) => `\`${name} ${type}\` from \`${from}\``,
  );
  if (stream.each !== undefined) more.unshift('`event_index INT64`');
  return more.join(', ') || '–';
}

/** Of the senders that ask for one it has the scheme's name. */
function handshakeOf({ scheme }: Stream): string {
  return handshakeNames.some((name) => name === scheme) ? `\`${scheme}\`` : '–';
}

/** Its formats, and its limit where that is not the common one. */
function takenBy(stream: Stream): string {
  const formats = formatsOf(stream).map((format) => `\`${format}\``);
  const { maxBodyBytes } = stream;
  const limit = maxBodyBytes === undefined ? '' : `; ${maxBodyBytes / 1024 / 1024} MiB`;
  return formats.join(', ') + limit;
}

const stamps: Record<Retries['stamp'], string> = {
  renewed: 'yes',
  implied: 'yes, as its pages or libraries refuse what is older',
  kept: 'no',
  unknown: 'not said',
};

const only200 = Object.entries(presets)
  .filter(([, preset]) => preset({ table: 'a.b' }).acceptedStatus === 200)
  .map(([name]) => `\`${name}\``);

const takesGet = Object.entries(presets)
  .filter(([, preset]) => preset({ table: 'a.b' }).acceptsGet)
  .map(([name]) => `\`${name}\``);

const rows = Object.entries(presets).map(([name, preset]) => {
  const stream = preset({ table: 'a.b' });
  const cells = [
    `\`${name}\``,
    `\`${stream.scheme}\``,
    takenBy(stream),
    stream.each === undefined ? 'the body' : `each of \`${stream.each}\``,
    code(stream.event),
    code(stream.id),
    timeOf(stream),
    columnsOf(stream),
    handshakeOf(stream),
  ];
  return `| ${cells.join(' | ')} |`;
});

/** What is signed with a time, by scheme: the presets that sign so, the window, and what the sender does after a 503. */
const windows = Object.entries(retries).map(([name, { schedule, stamp }]) => {
  const scheme: Scheme = schemes[name as keyof typeof retries];
  const { toleranceS } = ('signed' in scheme && scheme.timestamp) || {};
  const of = Object.entries(presets).flatMap(([preset, make]) =>
    make({ table: 'a.b' }).scheme === name ? [`\`${preset}\``] : [],
  );
  const cells = [of.join(', '), durationOf(toleranceS), schedule, stamps[stamp]];
  return `| ${cells.join(' | ')} |`;
});

function durationOf(seconds: number | undefined): string {
  if (seconds === undefined) return 'any age';
  return seconds % 3600 === 0 ? `${seconds / 3600} h` : `${seconds / 60} min`;
}

const columns = Object.entries(defaultColumns).map(
  ([name, { type, from }]) => `| \`${name}\` | ${type} | \`${from}\` |`,
);

const page = `# Sources

Made by \`test/docs/sources.test.ts\` from the presets themselves: after a change run \`npx vitest run --project node test/docs -u\`.

A stream is a source and a table. \`datanostro\`, \`absmartly\` and \`segmentstream\` are sources of their own (the README shows them); every other sender is \`generic\`, which says where things stand in its deliveries, or one of the presets below, which say it for you:

\`\`\`ts
import { defineRelay, stripe } from 'tributary-relay';

billing: stripe({ table: 'billing.stripe' }), // signed with the secret BILLING_SECRET
\`\`\`

## What a preset's table holds

| column | type | from |
|---|---|---|
${columns.join('\n')}

Numbers stay digit for digit as they were sent. Where the sender gives no id, or an empty one, \`event_id\` is the delivery's, with the event's index behind it where a delivery holds several. The table is partitioned by the day of \`received_at\` and clustered by \`event_name\`. Declare \`columns\` to have others, or \`moreColumns\` to have these and more:

\`\`\`ts
orders: shopify({
  table: 'shop.orders',
  moreColumns: {
    order_id: { type: 'INT64', from: '$.id' },
    total: { type: 'NUMERIC', from: '$.total_price' },
  },
}),
\`\`\`

\`from\` is a path of the event (\`$.items[0].sku\`), of the body around it (\`body:$.account\`), a header (\`header:x-name\`), a parameter of the URL (\`query:name\`), or \`event:id\`, \`event:name\`, \`event:time\`, \`event:index\`, \`delivery:id\`, \`delivery:received_at\`, \`delivery:content_type\`. Several with \` | \` between them are alternatives. A header longer than 1,024 bytes does not fit Pub/Sub and counts as missing; a query travels however long it is, and a name that it holds several times is an array of its values. A POST that has a query and no body is read from its query, where a key is shown or the URL is signed. \`datanostro\` and \`segmentstream\` take \`moreColumns\` beside their own columns too. With \`required: true\` a delivery of one event that lacks the value is answered 400 with the column's name; among several, such an event becomes a dead letter and the others become rows.

A column's name is a letter of any script or \`_\`, then letters, digits or \`_\`: 300 characters at most, and none of the beginnings that BigQuery keeps for itself (\`_PARTITION\`, \`_TABLE_\`, \`_FILE_\`, \`_ROW_TIMESTAMP\`, \`_CHANGE_TYPE\`, …). \`Name\` and \`name\` are one column to BigQuery. A table has 10,000 columns at most, and a description 1,024 characters. What BigQuery would refuse of a table, \`npx tributary check\` and each deployment refuse with its path. A table that is there already and differs from its stream (a column of another type, other partitions, another key) takes no rows: the subscriber's log names the difference, once; the rows wait until the table or the config is changed, and no other table waits.

## What bodies may be

| \`body\` | |
|---|---|
| \`json\` | one JSON document |
| \`form\` | an urlencoded form, as an object of texts |
| \`form-payload\` | a form whose field \`payload\` holds a JSON document, which is the event; fields beside it join it. Any other form is read as \`form\` |
| \`multipart\` | multipart/form-data, as an object; of a file there are its name, type and size, and not what is in it |
| \`text\` | XML or any other text, as one JSON string (\`JSON_VALUE(payload)\`) |

\`body\` is one of them or a list; a stream of \`generic\` that says nothing takes all but \`text\`. What the bytes say decides first, as no signature covers a Content-Type: an object or an array is JSON, \`<\` begins a text, \`--\` a multipart body, \`name=\` a form ([decision 15](decisions/0015-what-a-body-is.md)). A name that a form holds several times is an array of its values: all of them, in order. A body that is none of what its stream takes is answered 400.

- \`each: 'lines'\` reads lines of JSON, each an event. With \`each: '$'\` an array is a batch, and a body that is no array is one event.
- Text is UTF-8, or in the charset that its Content-Type, its part of a multipart body, SendGrid's \`charsets\` or its XML declares. Byte order marks are skipped. Bytes of a form that are no text become U+FFFD, with a note as for any other value that does not fit.
- \`Content-Encoding: gzip\` and \`deflate\` are undone, and \`br\` where Cloudflare's runtime can; others are answered 415. \`maxBodyBytes\` holds for what comes of it too. Signatures are over the bytes as they came, and a dead letter keeps those.
- A preset's limit is what its sender documents, up to the 7 MiB that a message carries; 1 MiB where it documents less, or nothing.

## Values

A value is judged by what it is, not how it is spelled: \`5.0\`, \`1e3\` and \`"42"\` are integers, and a TIMESTAMP is read from ISO 8601, from \`Mon, 02 Mar 2026 10:00:00 GMT\` and its like, from \`/Date(1700000000000)/\`, and from numbers. \`unit\` (\`s\`, \`ms\`, \`us\`, \`ns\`) says what a bare number means, and nothing else; without it a number is seconds, or milliseconds from 100,000,000,000 on. Nothing is rounded: \`1.5\` is no INT64 ([decision 14](decisions/0014-raw-first.md) has the whole table).

An empty text is NULL in any column but STRING. A value that does not fit is NULL in its row, and the delivery is kept as well:

| column of \`tributary.dead_letters\` | |
|---|---|
| \`delivery_id\`, \`stream\`, \`received_at\` | as in the row |
| \`stored_at\` | when the letter was stored; the table is partitioned by its day |
| \`written_in_part\` | TRUE: the rows are there, without the values that did not fit. FALSE: an event of the delivery is no row |
| \`column\`, \`reason\` | which column, and why; of several, all of them |
| \`data\`, \`part\` | the body as it was sent; one of more than 8 MB in several letters, by \`part\` |
| \`attributes\`, \`message_id\` | those of the message |

\`\`\`sql
SELECT stream, \`column\`, reason, COUNT(*) AS n FROM tributary.dead_letters WHERE written_in_part GROUP BY stream, \`column\`, reason ORDER BY n DESC
\`\`\`

A text that holds half a character (a lone surrogate, as where an emoji was cut) has U+FFFD in its place, in JSON too, and is kept as well; so has a field of a form whose bytes are no text in its charset; and JSON of more than 500 levels becomes a JSON string of its text. A \`required\` column and a \`key\` need a value that fits, or the event becomes a dead letter alone; a stream with \`invalidValues: 'dead-letter'\` asks for that in every column.

## Filters

\`\`\`ts
filter: {
  event: '^(charge|invoice)\\\\.', // a regular expression (RE2 syntax), or exact names: events: ['charge.succeeded']
  where: { all: [
    { field: '$.livemode', equals: true },
    { field: '$.data.object.amount', gte: 1000 },
    { not: { field: '$.data.object.metadata.test', exists: true } },
  ] },
},
\`\`\`

A condition is \`all\`, \`any\`, \`not\`, or a field with one or more of \`equals\`, \`in\`, \`exists\`, \`matches\`, \`gt\`, \`gte\`, \`lt\`, \`lte\`. Of a field that is missing only \`exists: false\` holds, and so every \`not\` of the others. A path with \`[]\` names many values, of which one is enough. Numbers are compared exactly; write one beyond 2^53 as a bigint (\`9007199254740993n\`). Of several events in a delivery those that do not pass are left out of the table.

A filter may only look at what the signature covers, else whoever has seen one delivery could send it again under another name. A name that stands in an unsigned header (GitHub, Shopify, Sentry) is kept in its column, but a filter on it is refused when the config is loaded; so is every filter for Mailgun, whose signature does not cover the event. So is one on the name of an entry of Meta or WhatsApp, which may hold several changes and is called after the first: \`where: { field: '$.changes[].field', equals: 'messages' }\` sees them all.

A \`key\` holds to the same rule, for a row replaces the one with its key: it may name what is signed, or the relay's own \`delivery_id\`. An \`event_id\` from an unsigned header is refused, and so is one that the stream does not say; set \`id\` to a place in the body, or name columns of it.

## Handshakes and secrets

The console of some senders tries an endpoint before it uses it. Such a challenge is answered only by a stream that asks for it; where the last column of the table below names one, the sender cannot be set up without:

\`\`\`ts
chat: slack({ table: 'team.slack', handshake: 'slack' }),
\`\`\`

- A stream's secrets are those that \`secrets\` lists, four at most and all of them live, the newest first: for rotation, and where several endpoints of a sender share one URL (Stripe's account, Connect and thin events). X's challenge is answered with the first of them. By default there is one, \`<STREAM>_SECRET\` (\`CHAT_SECRET\` above), or \`<STREAM>_KEY\` where a key ends the path.
- \`meta\` (also for WhatsApp) needs a second secret, \`<STREAM>_VERIFY_TOKEN\`: any text, which you type into Meta's console as the verify token too. \`npm start\` makes one in \`.dev.vars\`; deployed, it is \`npx wrangler secret put CHAT_VERIFY_TOKEN\`. Without it the challenge is answered 503.
- \`asana\` brings its secret itself: deploy the stream, create the webhook through Asana's API, and store the \`X-Hook-Secret\` of Asana's answer as the stream's secret. The relay echoes it and keeps it nowhere, for anybody may send one. Until it is stored, deliveries are answered 503, and Asana sends them again.
- \`slack\` also answers Slack's \`ssl_check=1\`, which Slack does not sign.
- \`graph\` (Microsoft Graph) and \`monday\` are for streams of \`generic\` with a key in the path.
- \`cloudevents\` answers the OPTIONS with which a sender of [CloudEvents](https://github.com/cloudevents/spec/blob/v1.0/http-webhook.md#4-abuse-protection) asks whether it may deliver (\`WebHook-Request-Origin\`): any origin may, at any rate, where a key in the path holds. \`event-grid\` does the same, and sends back the \`validationCode\` of Azure Event Grid's own schema. Both are for any stream of \`generic\`.
- \`probe\` answers a HEAD and an empty GET with 200, for streams that sign: Trello and Mandrill try the URL so, and Mailchimp too, before they save a webhook. A stream whose sender shows a key (in the path, \`basic\`, \`bearer\`, \`api-key\`) needs none for it: with the right key both are answered 200. Nothing of either is stored.

A GET with a query is a delivery where the stream says \`acceptsGet: true\` (\`false\` to take none), as ${takesGet.join(', ')} does by itself: its payload is the query, byte for byte. The scheme must sign the URL, or show a key; with any other the config is refused, for a GET has no body that could be signed. What a scheme signs of a URL is the URL as it was sent; a slash at the end of the path leads to the same stream.

A delivery that is stored is answered 204, or 200 where the sender asks for that and nothing else: ${only200.join(', ')}, and streams with the handshake \`xero\` or \`monday\`. \`acceptedStatus: 200\` says so of any other stream.

## Secrets, signatures and URLs

A secret is stored as its sender shows it; blanks and line ends around it are no part of it.

| key | as it is shown |
|---|---|
| of Standard Webhooks, Svix, Clerk, Resend, OpenAI, Supabase | base64 or base64url, padded or not, with or without \`whsec_\` or \`v1,whsec_\` before it |
| of Polar, and whoever else signs so and has a prefix of its own | the text, prefix and all; the base64 behind it is tried too, for the text does not tell which is meant |
| of Adyen | hexadecimal digits, in upper or lower case |
| public keys (Discord, SendGrid) | the raw key or its SPKI, in hexadecimal digits, base64, or a PEM with its lines |
| all others | the text |

What can't be read so is told by \`npx tributary check\`, by \`npm start\` and, with the first delivery, by the edge's log: which secret it is, and which form is expected. Deliveries of that stream are answered 503 until it is mended, unless another of its secrets holds.

\`svix\`, \`clerk\`, \`resend\` take the headers \`svix-*\` and \`webhook-*\`; \`openai\`, \`polar\`, \`standardWebhooks\`, \`supabase\` the other way round. A delivery that carries any of the first is read by these alone, so that nobody can add an id to what was signed under the other names. A filter or a \`key\` on them names them in that order: \`header:svix-id | header:webhook-id\`. Basic credentials are taken in UTF-8 and in Latin-1.

HubSpot, Square and Twilio sign the URL. It begins with \`publicUrl\`, to the letter: with the path that a proxy in front takes away, without a slash at its end, and for Twilio with the user and password that its own setting has (better none: \`publicUrl\` is no secret). The query is taken as it arrives, and up to four ways of writing it are tried:

- all three: \`'\` for \`%27\`, and text beyond ASCII for its escapes, for what stands before a Worker may have escaped them. (\`wrangler dev\` does; workerd itself leaves the query as it was sent. For the same reason the payload of a GET may show \`%27\` there where \`'\` was sent.)
- \`hubspot\`: \`%3A %2F %3F %40 %21 %24 %27 %28 %29 %2A %2C %3B\` decoded, as its page says.
- \`twilio\`, \`twilioJson\`: \`%27 %40 %3A\` decoded, with the port of the URL and without it.

What has to be read before a signature can hold is bounded by what its sender sends; more is a 401, and the log says \`oversized\`: 1,000 fields and 1 MiB of a form (Twilio), 256 KiB of JSON that holds its own signature (Adyen, Mailgun), 100 items of 64 KiB (Adyen), 8 KiB of a header with a list of signatures.

## Replay windows

Where a sender signs the time of a delivery, one that is too old is refused. The window lets in what comes again after a 503, wherever a retry may carry the time of the first try. A time ahead of the clock here may be as far, ten minutes at most. \`replayWindow: '25h'\` (\`s\`, \`m\`, \`h\`, \`d\`) sets another for a stream, \`false\` none. Whoever has seen a delivery can send it again for as long as its window is; with a \`key\` such a copy only replaces its own row.

| preset | may be so old | is sent again | with a time of its own? |
|---|---|---|---|
${windows.join('\n')}

Whatever is not in this table signs no time, and is taken at any age.

## The presets

| preset | scheme | takes | an event is | name | id | time | further columns | handshake |
|---|---|---|---|---|---|---|---|---|
${rows.join('\n')}
`;

it('docs/sources.md is made of the presets as they are', async () => {
  await expect(page).toMatchFileSnapshot('../../docs/sources.md');
});

import { expect, it } from 'vitest';
import { handshakeNames, type Stream } from '../../shared/config/config.ts';
import { defaultColumns, type JoinedPlaces } from '../../shared/config/event-shape.ts';
import { formatsOf } from '../../shared/formats/body-formats.ts';
import { type Retries, retries } from '../../shared/signatures/retries.ts';
import { nameOf, type Scheme, schemes } from '../../shared/signatures/schemes.ts';
import * as presets from '../../shared/sources/presets.ts';

/** In the order of the alphabet, in whatever file they are. */
const all = Object.entries(presets).sort(([one], [other]) => (one < other ? -1 : 1));

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

const only200 = all
  .filter(([, preset]) => preset({ table: 'a.b' }).acceptedStatus === 200)
  .map(([name]) => `\`${name}\``);

const takesGet = all
  .filter(([, preset]) => preset({ table: 'a.b' }).acceptsGet)
  .map(([name]) => `\`${name}\``);

/** Parts of rows that no page of the sender was seen for. They are written from memory. */
const unseen: { [Preset in keyof typeof presets]?: readonly ('name' | 'id' | 'time')[] } = {
  adyenPlatform: ['id'],
  convoy: ['id', 'name', 'time'],
  messagebird: ['id', 'name', 'time'],
  plivo: ['id', 'name'],
};

const rows = all.map(([name, preset]) => {
  const stream = preset({ table: 'a.b' });
  const mark = (part: 'name' | 'id' | 'time') =>
    unseen[name as keyof typeof presets]?.includes(part) ? ' †' : '';
  const cells = [
    `\`${name}\``,
    `\`${nameOf(stream.scheme).slice(1, -1)}\``,
    takenBy(stream),
    stream.each === undefined ? 'the body' : `each of \`${stream.each}\``,
    code(stream.event) + mark('name'),
    code(stream.id) + mark('id'),
    timeOf(stream) + mark('time'),
    columnsOf(stream),
    handshakeOf(stream),
  ];
  return `| ${cells.join(' | ')} |`;
});

/** What is signed with a time, by scheme: the presets that sign so, the window, and what the sender does after a 503. */
const windows = Object.entries(retries).map(([name, { schedule, stamp }]) => {
  const scheme: Scheme = schemes[name as keyof typeof retries];
  const { toleranceS } = ('signed' in scheme && scheme.timestamp) || {};
  const of = all.flatMap(([preset, make]) =>
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

A stream is a source and a table. \`datanostro\`, \`absmartly\` and \`segmentstream\` are sources of their own (the README shows them); every other sender is \`generic\`, where you say what is where in a delivery, or one of the presets below, where that is done:

\`\`\`ts
import { defineRelay, stripe } from 'tributary-relay';

billing: stripe({ table: 'billing.stripe' }), // signed with the secret BILLING_SECRET
\`\`\`

## What a preset's table holds

| column | type | from |
|---|---|---|
${columns.join('\n')}

Numbers keep every digit that was sent. If the sender gives no id, or an empty one, \`event_id\` is the delivery's id, followed by the event's index if the delivery has several events. The table is partitioned by the day of \`received_at\` and clustered by \`event_name\`. Declare \`columns\` to have others, or \`moreColumns\` to have these and more:

\`\`\`ts
orders: shopify({
  table: 'shop.orders',
  moreColumns: {
    order_id: { type: 'INT64', from: '$.id' },
    total: { type: 'NUMERIC', from: '$.total_price' },
  },
}),
\`\`\`

\`from\` is a path of the event (\`$.items[0].sku\`), of the body around it (\`body:$.account\`), a header (\`header:x-name\`), a parameter of the URL (\`query:name\`), or \`event:id\`, \`event:name\`, \`event:time\`, \`event:index\`, \`delivery:id\`, \`delivery:received_at\`, \`delivery:content_type\`. Several with \` | \` between them are alternatives. A header longer than 1,024 bytes does not fit Pub/Sub and counts as missing; a query may be of any length, and a repeated name is an array of its values. A POST with a query and no body is read from its query, if the URL has a key or is signed. \`datanostro\` and \`segmentstream\` take \`moreColumns\` too. With \`required: true\`, a delivery of one event without the value is answered 400 with the column's name; among several events, only that one becomes a dead letter.

A column's name is a letter of any script or \`_\`, then letters, digits or \`_\`: 300 characters at most, and none of the prefixes that BigQuery reserves (\`_PARTITION\`, \`_TABLE_\`, \`_FILE_\`, \`_ROW_TIMESTAMP\`, \`_CHANGE_TYPE\`, …). \`Name\` and \`name\` are one column to BigQuery. A table has 10,000 columns at most, and a description 1,024 characters. \`npx tributary check\` and every deployment refuse what BigQuery would refuse, with its path. An existing table that differs from its stream (a column of another type, other partitions, another key) takes no rows. The subscriber's log names the difference once. The rows wait until the table or the config is changed; other tables do not wait.

## What bodies may be

| \`body\` | |
|---|---|
| \`json\` | one JSON document |
| \`form\` | an urlencoded form, as an object of texts |
| \`form-payload\` | a form whose field \`payload\` holds a JSON document, which is the event; fields beside it join it. Any other form is read as \`form\` |
| \`multipart\` | multipart/form-data, as an object; of a file only its name, type and size are kept |
| \`text\` | XML or any other text, as one JSON string (\`JSON_VALUE(payload)\`) |

\`body\` is one of them or a list; a \`generic\` stream takes all except \`text\` by default. The bytes decide first, because no signature covers a Content-Type: an object or an array is JSON, \`<\` begins a text, \`--\` a multipart body, \`name=\` a form ([decision 15](decisions/0015-what-a-body-is.md)). A repeated name of a form is an array of all its values, in order. A body in no format that the stream takes is answered 400.

- \`each: 'lines'\` reads lines of JSON, each an event. With \`each: '$'\` an array is a batch, and a body that is no array is one event.
- Text is UTF-8, or in the charset that its Content-Type, its part of a multipart body, SendGrid's \`charsets\` or its XML declares. Byte order marks are skipped. Bytes of a form that are not text become U+FFFD, with a note, like any other value that does not fit.
- \`Content-Encoding: gzip\` and \`deflate\` are decoded, and \`br\` if Cloudflare's runtime can; others are answered 415. \`maxBodyBytes\` also limits the decoded body. Signatures cover the original bytes, and a dead letter keeps those.
- A preset's limit is what its sender documents, up to 7 MiB, and at least 1 MiB.

## Values

A value is judged by what it is, not how it is spelled: \`5.0\`, \`1e3\` and \`"42"\` are integers, and a TIMESTAMP is read from ISO 8601, from forms such as \`Mon, 02 Mar 2026 10:00:00 GMT\`, from \`/Date(1700000000000)/\`, and from numbers. \`unit\` (\`s\`, \`ms\`, \`us\`, \`ns\`) only says what a bare number means; without it a number is seconds, or milliseconds from 100,000,000,000 on. Nothing is rounded: \`1.5\` is not an INT64 ([values.md](values.md) has the whole table).

An empty text is NULL in any column except STRING. A value that does not fit is NULL in its row, and the delivery is kept as well:

| column of \`tributary.dead_letters\` | |
|---|---|
| \`delivery_id\`, \`stream\`, \`received_at\` | as in the row |
| \`stored_at\` | when the letter was stored; the table is partitioned by its day |
| \`written_in_part\` | TRUE: the rows are written, without the values that did not fit. FALSE: an event of the delivery has no row |
| \`column\`, \`reason\` | which column, and why; all of them, if there are several |
| \`data\`, \`part\` | the body as it was sent; one of more than 8 MB in several letters, by \`part\` |
| \`attributes\`, \`message_id\` | those of the message |

\`\`\`sql
SELECT stream, \`column\`, reason, COUNT(*) AS n FROM tributary.dead_letters WHERE written_in_part GROUP BY stream, \`column\`, reason ORDER BY n DESC
\`\`\`

Half a character (a lone surrogate, for example of a cut emoji) becomes U+FFFD, in JSON too, and the delivery is kept as well. So does a form field whose bytes are not text in its charset. JSON of more than 500 levels becomes a JSON string of its text. A \`required\` column and a \`key\` need a value that fits; otherwise the event becomes only a dead letter. With \`invalidValues: 'dead-letter'\` that applies to every column.

## Filters

\`\`\`ts
filter: {
  event: '^(charge|invoice)\\\\.', // a regular expression, or exact names: events: ['charge.succeeded']
  where: { all: [
    { field: '$.livemode', equals: true },
    { field: '$.data.object.amount', gte: 1000 },
    { not: { field: '$.data.object.metadata.test', exists: true } },
  ] },
},
\`\`\`

A condition is \`all\`, \`any\`, \`not\`, or a field with one or more of \`equals\`, \`in\`, \`exists\`, \`matches\`, \`gt\`, \`gte\`, \`lt\`, \`lte\`. For a missing field only \`exists: false\` is true, and so is \`not\` of any other test. A path with \`[]\` names many values; one that passes is enough. Numbers are compared exactly; write one beyond 2^53 as a bigint (\`9007199254740993n\`). Of several events in a delivery, those that do not pass are left out of the table.

A pattern may match anywhere in the text, and regards case unless it begins with \`(?i)\`. It may use what JavaScript and RE2 read alike: \`.\`, classes, \`\\d \\w \\s \\b\`, groups, \`|\`, repetitions, \`^\` and \`$\`. \`npx tributary check\` refuses everything else, and every pattern that it cannot prove fast, such as \`(a+)+$\` or \`a.*b.*c\`, with the position and what to write instead ([decision 18](decisions/0018-what-a-library-does.md)). A pattern has at most 1,024 characters. A name of more than 256 characters, or a value of more than 4,096, does not match: its event is filtered, and counted as such (under \`not\` it passes).

A filter may use only what the signature covers. Otherwise anyone who has seen one delivery could send it again under another name. A name in an unsigned header (GitHub, Shopify, Sentry) is kept in its column, but a filter on it is refused when the config is read. So is every filter for Mailgun, whose signature does not cover the event, and for PayPal, whose signature covers only a checksum of the body; and a filter on the name of an entry of Meta or WhatsApp, which may have several changes and is named after the first: \`where: { field: '$.changes[].field', equals: 'messages' }\` sees them all.

A config may accept that, in so many words:

\`\`\`ts
orders: shopify({
  table: 'shop.orders',
  filter: { unsigned: true, events: ['orders/create', 'orders/paid'] },
}),
\`\`\`

That gives up this: whoever has seen one delivery (in a log, behind a proxy, at another endpoint of the sender) can send its body again under another topic. So a row can appear that the filter should have dropped, with a name that the sender never gave it, or an event can be dropped that should have a row. He cannot change the body, and the genuine delivery is filtered as it should be. Do not use such a name for anything that matters: read the body. Where all that a filter looks at is signed, \`unsigned\` is refused.

The same rule applies to a \`key\`, without that exception, because a row replaces the row with the same key: it may name signed values, or the relay's own \`delivery_id\`. An \`event_id\` from an unsigned header is refused, and so is one that the stream does not define. Set \`id\` to a place in the body, or name columns of the body.

## Handshakes and secrets

The console of some senders tests an endpoint before it uses it. A stream answers such a challenge only with the matching \`handshake\`. If the last column of the table below names one, the sender requires it:

\`\`\`ts
chat: slack({ table: 'team.slack', handshake: 'slack' }),
\`\`\`

- A stream's secrets are those that \`secrets\` lists, four at most and all of them live, the newest first: for rotation, and where several endpoints of a sender share one URL (Stripe's account, Connect and thin events). X's challenge is answered with the first of them. By default there is one, \`<STREAM>_SECRET\` (\`CHAT_SECRET\` above), or \`<STREAM>_KEY\` where a key ends the path.
- \`meta\` (also for WhatsApp) needs a second secret, \`<STREAM>_VERIFY_TOKEN\`: any text, which you type into Meta's console as the verify token too. \`npm start\` makes one in \`.dev.vars\`; deployed, it is \`npx wrangler secret put CHAT_VERIFY_TOKEN\`. Without it the challenge is answered 503.
- \`asana\` brings its secret itself: deploy the stream, create the webhook through Asana's API, and store the \`X-Hook-Secret\` of Asana's answer as the stream's secret. The relay echoes it and does not store it, because anyone may send one. Until it is stored, deliveries are answered 503, and Asana repeats them.
- \`braintree\` answers the challenge of Braintree's console (\`bt_challenge\`) with the public key and a signature. Its secret is both keys of the console, with a bar between them: \`<public key>|<private key>\`.
- \`slack\` also answers Slack's \`ssl_check=1\`, which Slack does not sign.
- \`graph\` (Microsoft Graph) and \`monday\` are for streams of \`generic\` with a key in the path.
- \`cloudevents\` answers the OPTIONS with which a sender of [CloudEvents](https://github.com/cloudevents/spec/blob/v1.0/http-webhook.md#4-abuse-protection) asks whether it may deliver (\`WebHook-Request-Origin\`): any origin may, at any rate, if the key in the path is right. \`event-grid\` does the same, and sends back the \`validationCode\` of Azure Event Grid's own schema. Both are for any stream of \`generic\`.
- \`probe\` answers a HEAD and an empty GET with 200, for streams that sign: Trello and Mandrill try the URL so, and Mailchimp too, before they save a webhook. A stream whose sender shows a key (in the path, \`basic\`, \`bearer\`, \`api-key\`) needs none for it: with the right key both are answered 200. Nothing of either is stored.

A GET with a query is a delivery where the stream says \`acceptsGet: true\` (\`false\` to take none), as ${takesGet.join(' and ')} do by themselves: its payload is the query, byte for byte. The scheme must sign the URL, or have a key; any other is refused, because a GET has no body to sign. A scheme signs the URL as it was sent; a slash at the end of the path leads to the same stream.

A stored delivery is answered 204, or 200 if the sender requires that: ${only200.join(', ')}, and streams with the handshake \`xero\` or \`monday\`. \`acceptedStatus: 200\` does the same for any other stream.

## Secrets, signatures and URLs

Store a secret as its sender shows it. Spaces and line ends around it are ignored.

| key | as it is shown |
|---|---|
| of Standard Webhooks, Svix, Clerk, Resend, OpenAI, Supabase | base64 or base64url, padded or not, with or without \`whsec_\` or \`v1,whsec_\` before it |
| of Polar, and others that sign this way with their own prefix | the text, prefix and all; the base64 after it is tried too, because the text does not show which is meant |
| of Adyen | hexadecimal digits, in upper or lower case |
| of Braintree | the public key, \`|\` and the private key |
| of PayPal | the id of the webhook |
| public keys (Discord, SendGrid, Wise) | the raw key or its SPKI, in hexadecimal digits, base64, or a PEM with its lines |
| all others | the text |

If a secret cannot be read, \`npx tributary check\`, \`npm start\` and, at the first delivery, the edge's log say which one, and which form is expected. Deliveries of that stream are answered 503 until it is corrected, unless another of its secrets verifies them.

\`svix\`, \`clerk\`, \`resend\` take the headers \`svix-*\` and \`webhook-*\`; \`openai\`, \`polar\`, \`standardWebhooks\`, \`supabase\` the other way round. A delivery that carries any of the first is read by these alone, so that nobody can add an id to what was signed under the other names. A filter or a \`key\` on them names them in that order: \`header:svix-id | header:webhook-id\`. Basic credentials are taken in UTF-8 and in Latin-1.

HubSpot, MessageBird, Plivo, Square and Twilio sign the URL (Plivo: without a query). It begins with \`publicUrl\`, exactly as the sender has it: with a path that a proxy removes, without a slash at its end, and for Twilio with the user and password that its own setting has (better none: \`publicUrl\` is no secret). The query is used as it arrives, and up to four spellings are tried:

- all three: \`'\` for \`%27\`, and text beyond ASCII for its escapes, because a proxy before the Worker may have escaped them. (\`wrangler dev\` does; workerd itself leaves the query as it was sent. For the same reason the payload of a GET may show \`%27\` there where \`'\` was sent.)
- \`hubspot\`: \`%3A %2F %3F %40 %21 %24 %27 %28 %29 %2A %2C %3B\` decoded, as its page says.
- \`twilio\`, \`twilioJson\`: \`%27 %40 %3A\` decoded, with the port of the URL and without it.

What is read before the signature is verified is limited to what the sender sends; more returns a 401, and the log says \`oversized\`: 1,000 fields and 1 MiB of a form (Twilio), 256 KiB of JSON that holds its own signature (Adyen, Mailgun), 100 items of 64 KiB (Adyen), 8 KiB of a header with a list of signatures.

PayPal's public key stands in a certificate, at an address that the delivery names. The edge fetches it over https from PayPal's own hosts, from the path of its certificates and from nowhere else, and keeps it for a day. While it cannot be fetched, deliveries are answered 503, and PayPal repeats them. PayPal signs a checksum of the body (CRC-32), not the body: whoever has seen one delivery can make another body with the same checksum. Treat such rows as a hint: ask PayPal's API before you act on one. For tests without a network, \`<id of the webhook> <public key>\` is a secret too.

Braintree's event is in \`bt_payload\`, in base64:

\`\`\`sql
SELECT
  REGEXP_EXTRACT(xml, '<kind>([^<]*)') AS kind,
  TIMESTAMP(REGEXP_EXTRACT(xml, '<timestamp[^>]*>([^<]*)')) AS event_time,
  xml
FROM (
  SELECT SAFE_CONVERT_BYTES_TO_STRING(FROM_BASE64(REPLACE(JSON_VALUE(payload.bt_payload), '\\n', ''))) AS xml
  FROM billing.braintree
)
\`\`\`

## A scheme of one's own

A sender that signs in a way that no preset has gets a scheme in the config. The builders are those of the table itself (\`shared/signatures/schemes.ts\`); [docs/config.md](config.md#a-scheme-of-ones-own) has each option.

\`\`\`ts
import { defineRelay, ed25519, generic, hmac, jwt, token } from 'tributary-relay';

export const relay = defineRelay({
  project: 'my-project',
  streams: {
    // The HMAC-SHA256 of the body, in hex.
    acme: generic({ table: 'in.acme', scheme: hmac({ signature: 'header:x-acme-signature' }) }),
    // Of a time and the body, in a list: X-Sign: t=1790000000,v1=…
    shop: generic({
      table: 'in.shop',
      scheme: hmac({
        signature: 'header:x-sign',
        separator: ',',
        tag: 'v1=',
        signed: '{item:t=}.{body}',
        timestamp: { at: 'item:t=', unit: 's', toleranceS: 300 },
      }),
    }),
    // Signed with a private key. The secret is the public key.
    bank: generic({
      table: 'in.bank',
      scheme: ed25519({ signature: 'header:x-bank-signature', encoding: 'base64' }),
    }),
    // A JWT with a hash of the body.
    calls: generic({
      table: 'in.calls',
      scheme: jwt({ signature: 'header:authorization', tag: 'Bearer ', bodyHash: 'payload_hash' }),
    }),
    // A shared token in a header.
    crm: generic({ table: 'in.crm', scheme: token('x-crm-token') }),
  },
});
\`\`\`

Secrets, \`replayWindow\`, \`send\` and the rules of filters and keys are as for any other scheme. \`npx tributary check\` refuses a scheme that would accept what its sender did not send: one that leaves out the body, whose time or hash is not signed itself, or that takes a header for a secret that every request has. Secrets and signatures are always compared in constant time.

## Replay windows

If a sender signs the time of a delivery, one that is too old is refused. The window accepts retries after a 503 that may carry the time of the first attempt. A time in the future may be as far away, but at most ten minutes. \`replayWindow: '25h'\` (\`s\`, \`m\`, \`h\`, \`d\`) sets another for a stream, \`false\` none. Anyone who has seen a delivery can send it again within its window; with a \`key\`, such a copy only replaces its own row.

| preset | maximum age | retries | retries have their own time? |
|---|---|---|---|
${windows.join('\n')}

Presets that are not in this table sign no time, and are accepted at any age. Sanity's retries are written from memory. A scheme of one's own has the window that its \`timestamp\` says.

## The presets

What is marked † is written from memory, not from a page of the sender: check it before you rely on it.

| preset | scheme | takes | an event is | name | id | time | further columns | handshake |
|---|---|---|---|---|---|---|---|---|
${rows.join('\n')}
`;

it('docs/sources.md is made of the presets as they are', async () => {
  await expect(page).toMatchFileSnapshot('../../docs/sources.md');
});

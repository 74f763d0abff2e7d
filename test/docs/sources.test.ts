import { expect, it } from 'vitest';
import type { Stream } from '../../shared/config.ts';
import type { JoinedFrom } from '../../shared/shape/shape.ts';
import { defaultColumns } from '../../shared/shape/shape.ts';
import * as presets from '../../shared/sources/presets.ts';

function code(from: JoinedFrom | undefined): string {
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

const rows = Object.entries(presets).map(([name, preset]) => {
  const stream = preset({ table: 'a.b' });
  const cells = [
    `\`${name}\``,
    `\`${stream.scheme}\``,
    stream.each === undefined
      ? stream.body === 'form'
        ? 'the form'
        : 'the body'
      : `each of \`${stream.each}\``,
    code(stream.event),
    code(stream.id),
    timeOf(stream),
    columnsOf(stream),
  ];
  return `| ${cells.join(' | ')} |`;
});

const columns = Object.entries(defaultColumns).map(
  ([name, { type, from }]) => `| \`${name}\` | ${type} | \`${from}\` |`,
);

const page = `# Sources

Made by \`test/docs/sources.test.ts\` from the presets themselves: after a change run \`npx vitest run --project node test/docs -u\`.

A stream is a source and a table. \`datanostro\`, \`absmartly\` and \`segmentstream\` are sources of their own (the README shows them); every other sender is \`generic\`, which says where things stand in its deliveries, or one of the presets below, which say it for you:

\`\`\`ts
import { stripe } from './shared/sources/presets.ts';

billing: stripe({ table: 'billing.stripe' }), // signed with the secret BILLING_SECRET
\`\`\`

## What a preset's table holds

| column | type | from |
|---|---|---|
${columns.join('\n')}

Numbers stay digit for digit as they were sent. Where the sender gives no id, \`event_id\` is the delivery's, with the event's index behind it where a delivery holds several. The table is partitioned by the day of \`received_at\` and clustered by \`event_name\`. Declare \`columns\` to have others, or \`moreColumns\` to have these and more:

\`\`\`ts
orders: shopify({
  table: 'shop.orders',
  moreColumns: {
    order_id: { type: 'INT64', from: '$.id' },
    total: { type: 'NUMERIC', from: '$.total_price' },
  },
}),
\`\`\`

\`from\` is a path of the event (\`$.items[0].sku\`), of the body around it (\`body:$.account\`), a header (\`header:x-name\`), or \`event:id\`, \`event:name\`, \`event:time\`, \`event:index\`, \`delivery:id\`, \`delivery:received_at\`, \`delivery:content_type\`. Several with \` | \` between them are alternatives. A header longer than 1,024 bytes does not fit Pub/Sub and counts as missing. With \`required: true\` a delivery of one event that lacks the value is answered 400 with the column's name; among several, such an event becomes a dead letter and the others become rows.

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

A filter may only look at what the signature covers, else whoever has seen one delivery could send it again under another name. A name that stands in an unsigned header (GitHub, Shopify, Sentry) is kept in its column, but a filter on it is refused when the config is loaded; so is every filter for Mailgun, whose signature does not cover the event.

## The presets

| preset | scheme | an event is | name | id | time | further columns |
|---|---|---|---|---|---|---|
${rows.join('\n')}
`;

it('docs/sources.md is made of the presets as they are', async () => {
  await expect(page).toMatchFileSnapshot('../../docs/sources.md');
});

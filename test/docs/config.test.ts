import { describe, expect, it } from 'vitest';
import { RelaySchema } from '../../shared/config/check/schema.ts';
import { type OptionGroup, omittedBy, optionGroups, optionsOf } from './config-options.ts';

const groups = optionGroups.map((group) => ({ ...group, options: optionsOf(group) }));
const options = groups.flatMap((group) => group.options.map((option) => ({ group, option })));

function optionText({ name, isRequired, text, example }: (typeof options)[number]['option']) {
  const required = isRequired ? 'Required. ' : '';
  return `### \`${name}\`\n\n${required}${text.replaceAll('\n', ' ')}\n\n\`\`\`ts\n${example}\n\`\`\`\n`;
}

function groupText(group: OptionGroup & { options: (typeof options)[number]['option'][] }): string {
  const omitted = omittedBy(group).map((name) => `\`${name}\``);
  const except = omitted.length > 0 ? ` It does not take ${omitted.join(', ')}.` : '';
  const intro = `## ${group.title}\n\n${group.takenBy}${except}\n`;
  return [intro, ...group.options.map(optionText)].join('\n');
}

const page = `# Configuration

Made by \`test/docs/config.test.ts\` from the docstrings of the options: after a change run \`npx vitest run --project node test/docs -u\`.

\`tributary.config.ts\` exports the relay. Everything that it needs is in \`tributary-relay\`; an editor shows the text below at each option:

\`\`\`ts
import { datanostro, defineRelay, stripe } from 'tributary-relay';

export const relay = defineRelay({
  project: 'my-project',
  streams: {
    shop: datanostro({ table: 'shop.events' }),
    billing: stripe({ table: 'billing.stripe' }),
  },
});
\`\`\`

Types refuse most mistakes while you write. \`npx tributary check\`, each start and each deployment find the others, all at once, each with its path. [docs/sources.md](sources.md) lists the presets.

${groups.map(groupText).join('\n')}`;

const examples = `// biome-ignore-all format: generated
// Made by config.test.ts from the examples of the options: \`npx vitest run --project node test/docs -u\`.
// tsc compiles it, and the test runs it.

import { absmartly, datanostro, defineRelay, generic, hmac, jwt, segmentstream, shopify } from 'tributary-relay';

const table = 'shop.orders';
const relay = { project: 'my-project', publicUrl: 'https://hooks.example.com', streams: {} };
// Signs the URL, the body and a time: it can have every option.
const signed = { table, scheme: 'hubspot', event: '$.type', id: '$.id' } as const;
const exported = { table, apiUrl: 'https://your-subdomain.absmartly.com' } as const;
const acme = { signature: 'header:x-acme-signature' } as const;
const acmeJwt = { signature: 'header:x-acme-jwt', bodyHash: 'payload_hash' } as const;
const receiver = { url: 'ALERTS_URL', format: 'generic' } as const;
const api = { url: 'https://app.example.com' };
const bucket = { kind: 'gcs', bucket: 'my-exports' } as const;
const STRING = { type: 'STRING', from: '$.a' } as const;
const TIMESTAMP = { type: 'TIMESTAMP', from: '$.a' } as const;

export const examples = {
${options
  .map(({ group, option }) => {
    const key = `${group.title} ${option.name}`.replaceAll(/[`']/g, '');
    return `  '${key}': () => ${group.relayWith(option.example)},\n`;
  })
  .join('')}};
`;

describe('each option', () => {
  it.each(options.map(({ group, option }) => [group.title, option.name, option] as const))(
    '%s: %s has a docstring and an example of itself',
    (_, name, { text, example }) => {
      expect(text).toMatch(/\.$/);
      expect(example).toMatch(new RegExp(`^${name}: `));
    },
  );

  it('of the schema is documented', () => {
    const documented = new Set(options.map(({ option }) => option.name));
    const missing = [...namesIn(RelaySchema)].filter((name) => !documented.has(name));
    // A source's function sets the first; \`time\` of a stream holds places of its own.
    expect(missing).toEqual(['source']);
  });
});

it('docs/config.md is made of the options as they are', async () => {
  await expect(page).toMatchFileSnapshot('../../docs/config.md');
});

describe('the example', () => {
  it('of each option is in the program that tsc compiles', async () => {
    await expect(examples).toMatchFileSnapshot('config-examples.ts');
  });

  it('of each option passes the check', async () => {
    const made = await import('./config-examples.ts');
    for (const define of Object.values(made.examples)) expect(define).not.toThrow();
  });
});

/** The names of all members that a schema of valibot's knows, however deep. */
function namesIn(schema: unknown): Set<string> {
  if (typeof schema !== 'object' || schema === null) return new Set();
  const { entries = {}, wrapped, value, item, options } = schema as Record<string, object>;
  const inner = [...Object.values(entries), wrapped, value, item, ...Object.values(options ?? {})];
  return new Set([...Object.keys(entries), ...inner.flatMap((part) => [...namesIn(part)])]);
}

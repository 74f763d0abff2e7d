import { expect, it } from 'vitest';
import * as presets from '../../shared/sources/presets.ts';

const names = Object.keys(presets).sort();
/** Senders that sign nothing: their user chooses the scheme. */
const unsigned = ['mixpanel', 'sendgridInbound'];
const signing = ['x', 'zoom'];

function blockOf(name: string): string {
  const refused = [
    ["table: 'orders'"],
    ["table: 'shop.orders'", unsigned.includes(name) ? "scheme: 'github'" : "scheme: 'bearer'"],
    ["table: 'shop.orders'", "event: 'type'"],
    ["table: 'shop.orders'", `handshake: '${name === 'x' ? 'zoom' : 'x'}'`],
    ["table: 'shop.orders'", "timeZone: 'UTC'"],
    ...(unsigned.includes(name) ? [["table: 'shop.orders'", "replayWindow: '15m'"]] : []),
  ];
  const taken = [
    "table: 'shop.orders'",
    "event: '$.type'",
    "moreColumns: { a: { type: 'STRING', from: '$.a' } }",
    ...(unsigned.includes(name) ? ["scheme: 'bearer'"] : []),
    ...(signing.includes(name) ? [`handshake: '${name}'`] : ["handshake: 'probe'"]),
  ];
  const calls = refused.map(
    (options) =>
      `  ${name}({\n${options.map((option, index) => `${index === options.length - 1 ? '    // @ts-expect-error\n' : ''}    ${option},\n`).join('')}  });\n`,
  );
  const call = `  ${name}({\n${taken.map((option) => `    ${option},\n`).join('')}  });\n`;
  return `it('${name}', () => {\n${call}${calls.join('')}});\n`;
}

const text = `// biome-ignore-all format: generated
// Made by presets.test.ts, a block for each preset: \`npx vitest run --project node test/types -u\`.

import {
${names.map((name) => `  ${name},\n`).join('')}} from 'tributary-relay';
import { it } from 'vitest';

${names.map(blockOf).join('\n')}`;

it('each preset has a test of its types', async () => {
  await expect(text).toMatchFileSnapshot('presets.test-d.ts');
});

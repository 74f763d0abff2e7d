import { parseEnv } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ProjectFolder } from '../../beds/project-folder.ts';

let project: ProjectFolder;

beforeAll(() => {
  project = new ProjectFolder();
  project.write('package.json', '{ "type": "module" }');
  project.write(
    'tributary.config.ts',
    `import { absmartly, defineRelay, generic, stripe, whatsapp } from 'tributary-relay';
export const relay = defineRelay({
  project: 'a-project',
  publicUrl: 'https://hooks.example.com/',
  streams: {
    billing: stripe({
      table: 'billing.stripe',
      key: ['event_id'],
      filter: { where: { all: [
        { field: '$.data.object.amount', gte: 9007199254740993n },
        { field: '$.type', matches: '^(invoice|customer|checkout|charge|payment_intent)[.]' },
      ] } },
    }),
    crm: generic({ table: 'crm.events' }),
    chat: whatsapp({ table: 'chat.events', handshake: 'meta' }),
    tests: absmartly({ table: 'tests.exports', apiUrl: 'https://a.example.com', scheme: 'bearer' }),
  },
});
`,
  );
  project.write('.dev.vars', 'BILLING_SECRET=a-secret-value\nCRM_KEY=a-key-value\nCHAT_SECRET= \n');
});

afterAll(() => project.remove());

it('lists every stream in 80 columns, and no secret', () => {
  const { status, stdout, stderr } = project.tributary(['streams']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  for (const { value } of Object.values(parseEnv(project.read('.dev.vars'))).map((value) => ({
    value: value?.trim(),
  }))) {
    if (value) expect(stdout).not.toContain(value);
  }
  expect(stdout).toContain('https://hooks.example.com/crm/<CRM_KEY>');
  expect(stdout).toContain('BILLING_SECRET present');
  expect(stdout).toContain('CHAT_SECRET missing');
});

it('prints one JSON document', () => {
  const { stdout } = project.tributary(['streams', '--json'], {
    env: { CHAT_VERIFY_TOKEN: 'a-token' },
  });
  const { streams } = JSON.parse(stdout);
  expect(streams).toMatchObject([
    {
      name: 'billing',
      scheme: 'stripe',
      url: 'https://hooks.example.com/billing',
      localUrl: null,
      table: 'a-project.billing.stripe',
      key: ['event_id'],
      filter: { where: { all: [{ gte: '9007199254740993' }, {}] } },
      secrets: [{ name: 'BILLING_SECRET', present: true }],
    },
    { name: 'crm', url: 'https://hooks.example.com/crm/<CRM_KEY>', filter: null, key: null },
    {
      name: 'chat',
      secrets: [
        { name: 'CHAT_SECRET', present: false },
        { name: 'CHAT_VERIFY_TOKEN', present: true },
      ],
    },
    {
      name: 'tests',
      url: 'https://hooks.example.com/tests',
      secrets: [
        { name: 'TESTS_SECRET', present: false },
        { name: 'TESTS_API_KEY', present: false },
      ],
    },
  ]);
  expect(stdout).not.toContain('a-token');
});

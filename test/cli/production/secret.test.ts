import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProjectFolder } from '../../beds/project-folder.ts';
import { itWith } from '../../e2e/tools.ts';

// Stands for Cloudflare: it keeps in a file what `wrangler secret` would keep there.
const wrangler = `
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
const file = 'cloudflare.json';
const secrets = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
const [, action, name] = process.argv.slice(2);
appendFileSync('calls.txt', process.argv.slice(2).join(' ') + '\\n');
if (action === 'list') console.log(JSON.stringify(Object.keys(secrets).map((name) => ({ name }))));
if (action === 'put') {
  const value = readFileSync(0, 'utf8');
  if (process.env.REFUSE) {
    console.error('✘ [ERROR] ' + process.env.REFUSE + value);
    process.exit(1);
  }
  secrets[name] = value;
}
if (action === 'delete') delete secrets[name];
writeFileSync(file, JSON.stringify(secrets));
`;

let project: ProjectFolder;

beforeEach(() => {
  project = new ProjectFolder();
  project.write('package.json', '{ "type": "module" }');
  project.write('node_modules/wrangler/package.json', '{ "type": "module" }');
  project.write('node_modules/wrangler/bin/wrangler.js', wrangler);
  configure();
});

afterEach(() => project.remove());

function configure(options = ''): void {
  project.write(
    'tributary.config.ts',
    `import { adyen, defineRelay, discord, standardWebhooks, stripe } from 'tributary-relay';
export const relay = defineRelay({
  project: 'a-project',
  streams: {
    billing: stripe({ table: 'a.billing', ${options} }),
    hooks: standardWebhooks({ table: 'a.hooks' }),
    pay: adyen({ table: 'a.pay' }),
    chat: discord({ table: 'a.chat' }),
  },
});
`,
  );
}

const twoSecrets = "secrets: ['BILLING_SECRET_2', 'BILLING_SECRET']";

function here(): NodeJS.ProcessEnv {
  return parseEnv(project.files['.dev.vars'] ?? '');
}

function atCloudflare(): Record<string, string> {
  return JSON.parse(project.files['cloudflare.json'] ?? '{}');
}

function secret(...args: string[]) {
  return project.tributary(['secret', ...args]);
}

describe('tributary secret', () => {
  it('generates a secret, sets it here and at Cloudflare, and shows it nowhere', () => {
    const { status, stdout, stderr } = secret('billing');
    expect(status).toBe(0);
    const { BILLING_SECRET = '' } = here();
    expect(BILLING_SECRET.length).toBeGreaterThan(20);
    expect(atCloudflare()).toEqual({ BILLING_SECRET });
    expect(stdout + stderr + project.read('calls.txt')).not.toContain(BILLING_SECRET);
    expect(project.mode('.dev.vars')).toBe(0o600);

    const before = project.files;
    const again = secret('billing', '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({
      done: true,
      secrets: [{ name: 'BILLING_SECRET', here: 'present', cloudflare: 'present' }],
    });
    expect({ ...project.files, 'calls.txt': '' }).toEqual({ ...before, 'calls.txt': '' });
  });

  it('shows it only with --show', () => {
    expect(secret('billing', '--show').stderr).toContain('secret.missing');
    secret('billing', '--local-only');
    expect(secret('billing', '--show').stdout).toBe(`BILLING_SECRET=${here()['BILLING_SECRET']}\n`);
    expect(project.files['calls.txt']).toBeUndefined();
  });

  it.each([
    ['hooks', 'HOOKS_SECRET', /^whsec_[\w+/]+=*$/],
    ['pay', 'PAY_SECRET', /^[0-9a-f]+$/i],
  ])('generates that of %s in the form of its scheme', (stream, name, form) => {
    expect(secret(stream, '--local-only').status).toBe(0);
    expect(here()[name]).toMatch(form);
  });

  it('does not generate a key pair', () => {
    const { status, stderr } = secret('chat', '--local-only');
    expect(status).toBe(1);
    expect(stderr).toContain('secret.key-pair');
    expect(project.files['.dev.vars']).toBeUndefined();
  });

  it('keeps from Cloudflare the key pair that was made up for this machine', () => {
    project.write('.dev.vars', "CHAT_SECRET='public'\nCHAT_SECRET_PRIVATE_KEY='private'\n");
    expect(secret('chat', '--local-only').status).toBe(0);
    expect(secret('chat').stderr).toContain('secret.key-pair');
    expect(atCloudflare()).toEqual({});
    const input = 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=';
    expect(project.tributary(['secret', 'chat', '--stdin'], { input }).status).toBe(0);
    expect(atCloudflare()).toEqual({ CHAT_SECRET: input });
    expect(here()).toEqual({ CHAT_SECRET: input });
  });

  it('reads what the sender issued, in the place of what was generated here', () => {
    project.write('.dev.vars', "# mine\nexport BILLING_SECRET='old' # of Stripe\nOTHER=1");
    const given = { input: 'whsec_from-stripe\r\n' };
    expect(project.tributary(['secret', 'billing', '--stdin'], given).status).toBe(0);
    expect(project.read('.dev.vars')).toBe(
      "# mine\nBILLING_SECRET='whsec_from-stripe' # of Stripe\nOTHER=1",
    );
    expect(atCloudflare()).toEqual({ BILLING_SECRET: 'whsec_from-stripe' });
  });

  it('reads a public key as a PEM, and writes it on one line', () => {
    const key = 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=';
    const input = `-----BEGIN PUBLIC KEY-----\n${key}\n-----END PUBLIC KEY-----\n`;
    const { status } = project.tributary(['secret', 'chat', '--stdin', '--local-only'], { input });
    expect(status).toBe(0);
    expect(here()['CHAT_SECRET']).toBe(key);
  });

  it.each([
    ['billing', 'first-line\nsecond-line\n', '2 lines'],
    ['billing', ' \n', 'empty'],
    ['billing', 'a\u0000b', 'control character'],
    ['pay', 'not-hexadecimal', 'hex'],
  ])('refuses for %s what cannot be a secret: %j', (stream, input, problem) => {
    const { status, stderr } = project.tributary(['secret', stream, '--stdin'], { input });
    expect(status).toBe(1);
    expect(stderr).toContain('secret.invalid');
    expect(stderr).toContain(problem);
    if (input.trim() !== '') expect(stderr).not.toContain(input.trim());
    expect(project.files['.dev.vars']).toBeUndefined();
    expect(atCloudflare()).toEqual({});
  });

  itWith(['script'], 'Ctrl-C at the question for it sets nothing', async () => {
    const args = ['secret', 'billing', '--stdin'];
    const { code, shown } = await project.inTerminal(args, [['not shown', '\u0003']]);
    expect(code).toBe(130);
    expect(shown).toContain('nothing was set');
    expect(project.files['.dev.vars']).toBeUndefined();
    expect(atCloudflare()).toEqual({});
  });

  itWith(['script'], 'takes it from a terminal, which does not show it', async () => {
    const args = ['secret', 'billing', '--stdin', '--local-only'];
    const { code, shown } = await project.inTerminal(args, [['not shown', 'whsec_typed\r']]);
    expect(code).toBe(0);
    expect(shown).not.toContain('whsec_typed');
    expect(here()['BILLING_SECRET']).toBe('whsec_typed');
  });

  it('replaces a live secret only when it is forced to', () => {
    secret('billing');
    const before = atCloudflare();
    const args = ['secret', 'billing', '--stdin'];
    const { status, stderr } = project.tributary(args, { input: 'new' });
    expect(status).toBe(1);
    expect(stderr).toContain('secret.live');
    expect(atCloudflare()).toEqual(before);
    expect(here()).toEqual(before);
    expect(project.tributary([...args, '--force'], { input: 'new' }).status).toBe(0);
    expect(atCloudflare()).toEqual({ BILLING_SECRET: 'new' });
  });

  it('says what Cloudflare said, without the secret, and goes on the next time', () => {
    const env = { REFUSE: 'You may not set ' };
    const { status, stderr } = project.tributary(['secret', 'billing'], { env });
    expect(status).toBe(1);
    expect(stderr).toContain('You may not set');
    expect(stderr).toContain('wrangler.failed');
    const { BILLING_SECRET = '' } = here();
    expect(BILLING_SECRET).not.toBe('');
    expect(stderr).not.toContain(BILLING_SECRET);
    expect(secret('billing').status).toBe(0);
    expect(atCloudflare()).toEqual({ BILLING_SECRET });
  });

  it.each([
    [['nothing'], 'stream.unknown'],
    [['billing', 'retire'], 'name the secret'],
    [['billing', 'rotate', 'X'], 'takes no more words'],
    [['billing', 'renew'], 'rotate, retire'],
    [['billing', '--name', 'OTHER'], 'secret.unknown'],
    [['billing', '--show', '--name', 'GOOGLE_SERVICE_ACCOUNT'], 'secret.unknown'],
  ])('%j is refused, and the message says why', (args, problem) => {
    const { status, stderr } = secret(...args);
    expect(status).toBeGreaterThan(0);
    expect(stderr).toContain(problem);
  });
});

describe('rotate', () => {
  it('adds a secret beside the old one, and changes nothing the next time', () => {
    secret('billing');
    const old = here()['BILLING_SECRET'];
    const { status, stdout } = secret('billing', 'rotate');
    expect(status).toBe(0);
    const { BILLING_SECRET_2: added } = here();
    expect(added).toBeTruthy();
    expect(atCloudflare()).toEqual({ BILLING_SECRET: old, BILLING_SECRET_2: added });
    expect(stdout).toContain(`${twoSecrets},`);
    expect(stdout).not.toContain(added);

    const before = atCloudflare();
    const again = JSON.parse(secret('billing', 'rotate', '--json').stdout);
    expect(again.secrets).toEqual([
      { name: 'BILLING_SECRET_2', here: 'present', cloudflare: 'present' },
    ]);
    expect(atCloudflare()).toEqual(before);
    expect(secret('billing', '--show', '--name', 'BILLING_SECRET_2').stdout).toContain(added);
    configure(twoSecrets);
    expect(secret('billing', 'rotate', '--local-only').stdout).toContain('BILLING_SECRET_3');
  });

  it('refuses a fifth', () => {
    configure("secrets: ['A', 'B', 'C', 'D']");
    expect(secret('billing', 'rotate').stderr).toContain('secret.too-many');
    expect(project.files['.dev.vars']).toBeUndefined();
  });
});

describe('retire', () => {
  const toml = `name = "relay"
[[analytics_engine_datasets]]
binding = "DELIVERIES"
dataset = "tributary_deliveries"
`;

  /** Runs the command beside a stand-in for Cloudflare's analytics. Returns what it was asked, too. */
  async function retire(data: object[] | number, ...args: string[]) {
    const asked: string[] = [];
    const api = createServer(async (request, response) => {
      let statement = '';
      for await (const chunk of request) statement += chunk;
      asked.push(`${request.url} ${request.headers.authorization} ${statement}`);
      response.statusCode = typeof data === 'number' ? data : 200;
      response.end(JSON.stringify({ data }));
    });
    await once(api.listen(0, '127.0.0.1'), 'listening');
    const { port } = api.address() as AddressInfo;
    const main = fileURLToPath(new URL('../../../cli/main.ts', import.meta.url));
    const words = [main, 'secret', 'billing', 'retire', ...args];
    const child = spawn(process.execPath, words, {
      cwd: project.path,
      env: {
        ...process.env,
        CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${port}`,
        CLOUDFLARE_API_TOKEN: 'a-token',
        CLOUDFLARE_ACCOUNT_ID: 'abc123',
      },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    const [status] = await once(child, 'close');
    api.close();
    return { status, output, asked };
  }

  beforeEach(() => {
    configure(twoSecrets);
    project.write('wrangler.toml', toml);
    project.write('.dev.vars', "BILLING_SECRET='old'\nBILLING_SECRET_2='new'\n");
    project.write('cloudflare.json', JSON.stringify({ BILLING_SECRET: 'old', OTHER: '1' }));
  });

  const onlyNew = [{ secret: 'BILLING_SECRET_2', deliveries: '12', last: '2026-11-28 07:00:00' }];
  const both = [
    ...onlyNew,
    { secret: 'BILLING_SECRET', deliveries: '3', last: '2026-11-28 06:00:00' },
  ];

  it('names everything that the evidence needs, and wants --force without it', () => {
    project.write('wrangler.toml', 'name = "relay"\n');
    const { stderr, status } = project.tributary(
      ['secret', 'billing', 'retire', 'BILLING_SECRET'],
      {
        env: { CLOUDFLARE_API_TOKEN: '', CLOUDFLARE_ACCOUNT_ID: '' },
      },
    );
    expect(status).toBe(1);
    for (const text of ['DELIVERIES', 'CLOUDFLARE_ACCOUNT_ID', 'CLOUDFLARE_API_TOKEN', '--force']) {
      expect(stderr).toContain(text);
    }
    configure();
    expect(secret('billing', 'retire', 'BILLING_SECRET_2', '--force').status).toBe(0);
    expect(here()).toEqual({ BILLING_SECRET: 'old' });
  });

  it.each([
    ['the old one matched', both, 'secret.in-use'],
    ['nothing matched', [], 'secret.evidence'],
    ['Cloudflare refuses the question', 403, 'secret.evidence'],
  ])('keeps it if %s', async (_, data, code) => {
    const before = project.files;
    const { status, output } = await retire(data, 'BILLING_SECRET');
    expect(status).toBe(1);
    expect(output).toContain(code);
    expect(project.files).toEqual(before);
  });

  it('first has the config changed, then deletes it here and at Cloudflare', async () => {
    const first = await retire(onlyNew, 'BILLING_SECRET', '--days', '7');
    expect(first.status).toBe(1);
    expect(first.output).toContain("secrets: ['BILLING_SECRET_2']");
    expect(first.asked).toHaveLength(1);
    expect(first.asked[0]).toContain('/accounts/abc123/analytics_engine/sql Bearer a-token');
    expect(first.asked[0]).toContain("INTERVAL '7' DAY");
    expect(here()).toHaveProperty('BILLING_SECRET');

    configure("secrets: ['BILLING_SECRET_2']");
    const second = await retire(onlyNew, 'BILLING_SECRET');
    expect(second.status).toBe(0);
    expect(project.read('.dev.vars')).toBe("BILLING_SECRET_2='new'\n");
    expect(atCloudflare()).toEqual({ OTHER: '1' });
  });

  it('refuses the only secret, that of another stream, and what is none', async () => {
    configure();
    expect((await retire(onlyNew, 'BILLING_SECRET', '--force')).output).toContain('secret.last');
    expect((await retire(onlyNew, 'HOOKS_SECRET', '--force')).output).toContain('secret.unknown');
    expect((await retire(onlyNew, 'BILLING_API_KEY', '--force')).output).toContain(
      'secret.unknown',
    );
  });
});

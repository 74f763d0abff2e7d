import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultTable, planRelay } from '../../../cli/production/init/answers.ts';
import { findSender, searchSenders, senderNames } from '../../../cli/production/init/senders.ts';
import { configText } from '../../../cli/production/init/templates/config.ts';
import { schemes } from '../../../shared/signatures/schemes.ts';
import { ProjectFolder } from '../../beds/project-folder.ts';
import { itWith } from '../../e2e/tools.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const written = [
  '.dev.vars',
  '.github/workflows/deploy.yml',
  '.gitignore',
  'Dockerfile',
  'package.json',
  'tributary.config.ts',
  'wrangler.toml',
];

let project: ProjectFolder;

beforeEach(() => {
  project = new ProjectFolder();
});

afterEach(() => project.remove());

const stripe = ['init', '--yes', '--source', 'stripe', '--table', 'billing.stripe'];

describe('tributary init', () => {
  it('makes an empty folder into a relay that passes the check', () => {
    expect(spawnSync('npm', ['init', '-y'], { cwd: project.path }).status).toBe(0);
    const { status, stdout } = project.tributary([...stripe, '--json']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      stream: 'billing',
      table: 'billing.stripe',
      project: 'your-project',
      location: 'EU',
      next: ['npx tributary start', 'npx tributary send billing'],
    });
    expect(Object.keys(project.files)).toEqual(written);
    // The package has the compiled Worker; this repository has its source.
    const wrangler = project.read('wrangler.toml');
    project.write('wrangler.toml', wrangler.replace('dist/worker/main.js', 'worker/main.ts'));
    expect(project.tributary(['check'])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('billing'),
    });

    expect(project.mode('.dev.vars')).toBe(0o600);
    const secrets = parseEnv(project.read('.dev.vars'));
    expect(Object.keys(secrets).toSorted()).toEqual(['BILLING_SECRET', 'GOOGLE_SERVICE_ACCOUNT']);
    for (const name of Object.keys(secrets)) expect(project.read('wrangler.toml')).toContain(name);

    const { version, devDependencies } = own;
    const manifest = JSON.parse(project.read('package.json'));
    expect(manifest).toMatchObject({
      type: 'module',
      dependencies: { 'tributary-relay': expect.stringContaining(version) },
    });
    expect(Object.keys(manifest.devDependencies)).toContain('miniflare');
    expect(devDependencies).toMatchObject(manifest.devDependencies);
  });

  it('leaves the values of secrets out of what it prints', () => {
    const { stdout, stderr } = project.tributary(stripe);
    const { BILLING_SECRET = '' } = parseEnv(project.read('.dev.vars'));
    expect(BILLING_SECRET.length).toBeGreaterThan(20);
    expect(stdout + stderr).not.toContain(BILLING_SECRET);
    expect(stdout).toContain('npx tributary send billing');
  });

  it('makes the folder that it is given, and says how to go there', () => {
    const { status, stdout } = project.tributary(['init', 'my relay', '--json']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout).next[0]).toBe("cd 'my relay' && npx tributary start");
    expect(project.read('my relay/wrangler.toml')).toContain('name = "my-relay"');
    expect(JSON.parse(project.read('my relay/package.json'))).toMatchObject({
      name: 'my-relay',
      private: true,
      dependencies: { 'tributary-relay': own.version },
    });
    // The package is in the folder above.
    expect(project.read('my relay/wrangler.toml')).toContain(
      'main = "../node_modules/tributary-relay/dist/worker/main.js"',
    );
  });

  it('keeps what exists, and adds what is missing', () => {
    const manifest = {
      name: 'shop',
      type: 'module',
      scripts: { start: 'node shop.js' },
      devDependencies: { wrangler: '4.0.0' },
      dependencies: { 'tributary-relay': 'file:relay.tgz' },
    };
    project.write('package.json', JSON.stringify(manifest, null, '\t'));
    project.write('.gitignore', '/node_modules\n.dev.vars');
    project.write('.dev.vars', 'BILLING_SECRET=mine\n');
    project.write('wrangler.toml', 'name = "shop"\n');
    project.write('Dockerfile', 'FROM scratch\n');
    project.write('shop.js', '// shop\n');
    const { status, stdout } = project.tributary([...stripe, '--json']);
    expect(status).toBe(0);
    const report = JSON.parse(stdout);
    expect(report.kept).toEqual(['wrangler.toml', 'Dockerfile']);
    expect(report.merged.map(({ name }: { name: string }) => name)).toEqual([
      'package.json',
      '.gitignore',
      '.dev.vars',
    ]);
    expect(report.hints).toHaveLength(3);

    expect(project.read('wrangler.toml')).toBe('name = "shop"\n');
    expect(project.read('Dockerfile')).toBe('FROM scratch\n');
    expect(project.read('shop.js')).toBe('// shop\n');
    expect(project.read('.gitignore')).toBe(
      '/node_modules\n.dev.vars\n.tributary/\n.wrangler/\n*.log\n',
    );
    expect(project.read('.dev.vars')).toMatch(/^BILLING_SECRET=mine\nGOOGLE_SERVICE_ACCOUNT='/);
    expect(project.mode('.dev.vars')).toBe(0o600);
    const merged = project.read('package.json');
    expect(merged).toContain('\n\t"name": "shop"');
    expect(JSON.parse(merged)).toMatchObject(manifest);
    expect(JSON.parse(merged).scripts).toEqual({
      start: 'node shop.js',
      check: 'tributary check',
      deploy: 'tributary deploy',
    });
  });

  it('refuses a folder that is a relay, and changes nothing', () => {
    project.tributary(stripe);
    const before = project.files;
    const { status, stderr } = project.tributary(['init', '--yes', '--source', 'github']);
    expect(status).toBe(1);
    expect(stderr).toContain('init.exists');
    expect(project.files).toEqual(before);
  });

  it('completes what a killed run left: the config comes last', () => {
    project.tributary(stripe);
    const before = project.files;
    rmSync(join(project.path, 'tributary.config.ts'));
    const { stdout } = project.tributary([...stripe, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ created: ['tributary.config.ts'], merged: [] });
    expect(project.files).toEqual(before);
  });

  it.each([
    ['package.json', '{ "name": ', 'init.manifest'],
    ['package.json', '[]', 'init.manifest'],
    // A file in the place of a folder.
    ['.github', 'a file', 'init.unwritable'],
    ['.dev.vars/a', 'a folder', 'init.unwritable'],
  ])('writes nothing if %s is %j', (name, text, code) => {
    project.write(name, text);
    const before = project.files;
    const { status, stderr } = project.tributary(stripe);
    expect(status).toBe(1);
    expect(stderr).toContain(code);
    expect(stderr).not.toContain('    at ');
    expect(project.files).toEqual(before);
  });

  it('refuses a file in the place of the folder', () => {
    project.write('relay', '');
    const { status, stderr } = project.tributary(['init', 'relay', '--yes']);
    expect(status).toBe(1);
    expect(stderr).toContain('init.unwritable');
  });

  it.each([
    [['--source', 'strip'], 'Did you mean standardWebhooks, stripe?'],
    [['--source', 'qqq'], 'use generic'],
    [['--table', 'stripe'], 'must be "dataset.table"'],
    [['--project', 'My Project'], 'must be the id of a Google Cloud project'],
    [['--config', 'x.ts'], 'leave out --config'],
  ])('refuses %j, and says why', (args, problem) => {
    const { status, stderr } = project.tributary(['init', '--yes', ...args]);
    expect(status).toBeGreaterThan(0);
    expect(stderr).toContain(problem);
    expect(project.files).toEqual({});
  });

  it('asks nothing where there is no terminal, and names what is missing', () => {
    const { status, stderr } = project.tributary(['init', '--source', 'stripe', '--table', 'a.b']);
    expect(status).toBeGreaterThan(0);
    expect(stderr).toContain('--project, --location');
    const all = ['--source', 'stripe', '--table', 'a.b', '--project', 'a-project'];
    expect(project.tributary(['init', ...all, '--location', 'US']).status).toBe(0);
    expect(project.read('tributary.config.ts')).toContain("location: 'US'");
  });
});

describe('the questions', () => {
  const questions = ['Who sends', 'Which table', 'Which Google Cloud', 'Where are'];

  async function answer(answers: string[]): Promise<{ code: number | null; shown: string }> {
    const typed = answers.map((keys, index) => [questions[index] ?? '', keys] as const);
    return await project.inTerminal(['init', 'relay'], typed);
  }

  itWith(['script'], 'lead to a relay', async () => {
    const answers = ['strip', '\r', 'a.b\r', '\r', 'US\r'];
    // The first question needs two: what is searched for, then the choice.
    const { code, shown } = await answer([answers.slice(0, 2).join(''), ...answers.slice(2)]);
    expect(code).toBe(0);
    expect(shown).toContain('npx tributary send a');
    const config = project.read('relay/tributary.config.ts');
    expect(config).toContain("table: 'a.b'");
    expect(config).toContain("project: 'your-project'");
    expect(config).toContain("location: 'US'");
    expect(config).toContain('stripe(');
  });

  for (const [index, question] of questions.entries()) {
    itWith(['script'], `Ctrl-C at "${question}" writes nothing`, async () => {
      const { code, shown } = await answer([...Array(index).fill('\r'), '\u0003']);
      expect(code).toBe(130);
      expect(shown).toContain('nothing was written');
      expect(existsSync(join(project.path, 'relay'))).toBe(false);
    });
  }

  it('find a sender by any part of its name, first those that begin with it', () => {
    expect(searchSenders('STRI')[0]).toBe('stripe');
    expect(searchSenders('webhooks')).toEqual(['standardWebhooks']);
    expect(searchSenders('')).toEqual(senderNames);
    expect(findSender('customer-io')).toBe('customerIo');
  });
});

describe('the config', () => {
  it('of each sender is a relay', () => {
    for (const source of senderNames) {
      const answers = { source, table: defaultTable(source), project: 'a-project', location: 'EU' };
      project.write(`${source}/tributary.config.ts`, configText(planRelay(answers)));
    }
    const script = `const relays = {};
for (const name of ${JSON.stringify(senderNames)}) {
  const { relay } = await import(\`${project.path}/\${name}/tributary.config.ts\`);
  const [[stream]] = [[...relay.streams.values()]];
  relays[name] = { ...stream, publicUrl: relay.publicUrl };
}
console.log(JSON.stringify(relays));`;
    project.write('all.mjs', script);
    project.write('package.json', '{ "type": "module" }');
    const { stdout, stderr } = spawnSync(process.execPath, ['all.mjs'], {
      cwd: project.path,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    const streams = JSON.parse(stdout);
    expect(Object.keys(streams)).toEqual(senderNames);
    for (const source of senderNames) {
      expect(streams[source].table).toBe(defaultTable(source));
      expect(Object.keys(schemes)).toContain(streams[source].scheme);
    }
    expect(streams.slack.handshake).toBe('slack');
    expect(streams.whatsapp.handshake).toBe('meta');
    expect(streams.square.publicUrl).toBeTruthy();
    expect(streams.stripe.publicUrl).toBeUndefined();
    expect(streams.absmartly.apiUrl).toBeTruthy();
  });

  it.each([
    ['Billing.events', 'billing'],
    ['_2024_shop.events', 'shop'],
    ['_1.events', 'stripe'],
  ] as const)('names the stream of %s %s', (table, name) => {
    const answers = { source: 'stripe', table, project: 'a-project', location: 'EU' };
    expect(planRelay(answers).streamName).toBe(name);
  });
});

it('the wrangler.toml of a project has what that of a clone has', () => {
  project.tributary(stripe);
  const below = (text: string) => text.slice(text.indexOf('# Failed tries'));
  const clone = readFileSync(join(root, 'wrangler.toml'), 'utf8');
  expect(below(project.read('wrangler.toml'))).toBe(below(clone));
  const settings = (text: string) =>
    text
      .slice(0, text.indexOf('[secrets]'))
      .split('\n')
      .filter((line) => line !== '' && !/^(#|name|main|\[alias\]|"tributary)/.test(line));
  expect(settings(project.read('wrangler.toml'))).toEqual(settings(clone));
});

it('the container of a project is built as that of a clone', () => {
  project.tributary(stripe);
  const steps = (text: string) =>
    text
      .split('\n')
      .filter((line) => /^(FROM|RUN npm|RUN find|ENV|EXPOSE|WORKDIR| {4}HEALTH)/.test(line));
  const clone = steps(readFileSync(join(root, 'deploy/Dockerfile'), 'utf8'));
  expect(clone.length).toBeGreaterThan(6);
  expect(steps(project.read('Dockerfile'))).toEqual(clone);
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Finding } from '../../../cli/check/finding.ts';
import { ProjectFolder } from '../../beds/project-folder.ts';

let project: ProjectFolder;

beforeEach(() => {
  project = new ProjectFolder();
});

afterEach(() => {
  project.remove();
});

interface Report {
  ok: boolean;
  problems: Finding[];
  warnings: Finding[];
}

function check(...args: string[]): Report & { status: number | null } {
  const { status, out } = project.run(['check', '--json', ...args]);
  return { status, ...(JSON.parse(out) as Report) };
}

function placesOf(findings: readonly Finding[]): string[] {
  return findings.map(({ file, line, path }) => `${file}:${line} ${path}`);
}

const wrangler = `name = "relay"
main = "worker.ts"
alias = { "tributary-relay/config" = "./tributary.config.ts" }

[build]
command = "npx tributary check"

[secrets]
required = ["GOOGLE_SERVICE_ACCOUNT", "SHOP_SECRET"]
`;

const config = `import { datanostro, defineRelay } from 'tributary-relay';

export const relay = defineRelay({
  project: 'acme-relay',
  streams: {
    shop: datanostro({ table: 'shop.events' }),
  },
});
`;

const mistaken = `import { absmartly, datanostro, defineRelay, generic, segmentstream, stripe } from 'tributary-relay';

export const relay = defineRelay({
  project: 'My Project',
  locaton: 'EU',
  location: 'Europe',
  topic: 'goog-topic',
  deadLetters: 'dead_letters',
  regions: 3,
  streams: {
    Shop: datanostro({ table: 'shop.events' }),
    a: datanostro({
      table: 'events',
      filter: { event: '(purchase' },
      maxBodyBytes: '1',
      secret: ['X'],
    }),
    b: segmentstream({ table: 'crm.b', timeZone: 'Europe/Pragu' }),
    c: datanostro({
      table: 'shop.c',
      secrets: ['whsec_hunter2'],
      key: ['nothing'],
    }),
    d: stripe({
      table: 'shop.d',
      replayWindow: '15 minutes',
      filter: { evnt: 'x' },
    }),
    e: absmartly({
      table: 'ab.e',
      apiUrl: 'http://acme',
      key: ['unit_id'],
    }),
    f: generic({ scheme: 'githob', table: 'x.f' }),
    g: generic({
      scheme: 'github',
      table: 'x.g',
      columns: {
        one: { type: 'STRNG', from: '$.a' },
        two: { type: 'STRING' },
        three: { type: 'TIMESTAMP', from: 'nowhere' },
      },
    }),
    h: generic({
      scheme: 'square',
      table: 'x.h',
      acceptedStatus: 201,
    }),
    i: null,
  },
} as never);
`;

describe('tributary check', () => {
  it('names more than 20 mistakes at once, each with file, line, path and remedy', () => {
    project.write('worker.ts', '').write('tributary.config.ts', mistaken);
    project.write('wrangler.toml', wrangler.replace(', "SHOP_SECRET"', ', "OLD_SECRET"'));
    const { status, ok, problems, warnings } = check();
    expect({ status, ok }).toEqual({ status: 1, ok: false });
    const own = problems.filter(({ file }) => file === 'tributary.config.ts');
    expect(placesOf(own)).toEqual(
      [
        // Nothing says where an option is that is missing.
        '3 publicUrl',
        '4 project',
        '5 locaton',
        '6 location',
        '7 topic',
        '8 deadLetters',
        '9 regions',
        '11 streams.Shop',
        '13 streams.a.table',
        '14 streams.a.filter.event',
        '15 streams.a.maxBodyBytes',
        '16 streams.a.secret',
        '18 streams.b.timeZone',
        '21 streams.c.secrets.0',
        '22 streams.c.key.0',
        '26 streams.d.replayWindow',
        '27 streams.d.filter.evnt',
        '31 streams.e.apiUrl',
        '32 streams.e.key',
        '34 streams.f.scheme',
        '39 streams.g.columns.one.type',
        '40 streams.g.columns.two.from',
        '41 streams.g.columns.three.from',
        '47 streams.h.acceptedStatus',
        '49 streams.i',
      ].map((place) => `tributary.config.ts:${place.replace(/^3 /, 'undefined ')}`),
    );
    const said = Object.fromEntries(own.map((problem) => [problem.path, problem]));
    expect(said['locaton']?.remedy).toContain('Did you mean location?');
    expect(said['streams.a.secret']?.remedy).toContain('Did you mean secrets?');
    expect(said['streams.f.scheme']?.remedy).toContain("'github'");
    // Every secret that the readable streams need is compared with wrangler.toml in the same run.
    const lacking = problems.filter(({ file }) => file === 'wrangler.toml');
    expect(lacking.map(({ message }) => /lacks (\w+)/.exec(message)?.[1])).toEqual(
      expect.arrayContaining(['SHOP_SECRET', 'A_SECRET', 'B_KEY', 'D_SECRET', 'E_KEY', 'G_SECRET']),
    );
    expect(warnings.map(({ message }) => message).join()).toContain('OLD_SECRET');
  });

  it("speaks our words: never the validator's, and never a value that may be a secret", () => {
    project.write('worker.ts', '').write('tributary.config.ts', mistaken);
    project.write('wrangler.toml', wrangler);
    const { status, out, err } = project.run(['check']);
    expect(status).toBe(1);
    expect(err).toContain('streams.a.maxBodyBytes must be a number');
    expect(err).not.toMatch(/Expected|Received|Invalid|undefined|hunter2/);
    // No colours for a pipe.
    expect(err).not.toContain('\u001b');
    const { problems } = check();
    for (const { message, remedy } of problems) {
      expect(message).not.toBe('');
      expect(remedy).toMatch(/^[A-Z]/);
    }
    expect(out).toContain(`${problems.length} problems`);
  });

  it('is content with a config that is right', () => {
    project.write('worker.ts', '').write('tributary.config.ts', config);
    project.write('wrangler.toml', wrangler);
    expect(project.run(['check'])).toEqual({
      status: 0,
      out: 'tributary.config.ts: 1 stream (shop)\n',
      err: '',
    });
    expect(check()).toEqual({ status: 0, ok: true, problems: [], warnings: [] });
  });

  it.each([
    ['a syntax error', 'export const relay = {\n  a: ,\n};', 2],
    ['an exception', "const a = 1;\nthrow new Error('mine');", 2],
    ['a name that there is not', "import { datanostroo } from 'tributary-relay';", 1],
    ['a package that is not installed', "import 'nothing-of-this-name';", undefined],
    ['no relay', 'export default 3;', undefined],
    ['nothing', '', undefined],
  ])('names the line of %s', (_, text, line) => {
    project.write('tributary.config.ts', text);
    const { status, problems } = check();
    expect(status).toBe(1);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.line).toBe(line);
    expect(problems[0]?.message).not.toMatch(/ {4}at |node:internal/);
    // The other commands say it as shortly.
    const { err } = project.run(['query', 'SELECT 1']);
    expect(err).toMatch(/code: {3}config\.(broken|no-relay)/);
    expect(err).not.toContain('    at ');
  });

  it('warns of placeholders, and of a location that it does not know', () => {
    const text = config
      .replace('acme-relay', 'your-project')
      .replace('streams: {', "location: 'europe-west33',\n  streams: {");
    project.write('tributary.config.ts', text);
    const { status, ok, problems, warnings } = check();
    expect({ status, ok, problems }).toEqual({ status: 0, ok: true, problems: [] });
    expect(placesOf(warnings)).toEqual([
      'tributary.config.ts:4 project',
      'tributary.config.ts:5 location',
    ]);
    expect(warnings[1]?.remedy).toContain("'europe-west3'");
  });

  it.each([
    ['is not TOML', 'a = [', /not TOML/],
    ['lacks a secret', wrangler.replace(', "SHOP_SECRET"', ''), /lacks SHOP_SECRET/],
    ['gives the Worker another config', wrangler.replace('./trib', './other/trib'), /gives the W/],
    ['has a Worker that is not there', wrangler.replace('worker.ts', 'gone.ts'), /names no file/],
  ])('compares wrangler.toml with the config: one that %s', (_, text, message) => {
    project.write('worker.ts', '').write('tributary.config.ts', config);
    project.write('wrangler.toml', text);
    const { status, problems } = check();
    expect(status).toBe(1);
    expect(problems).toEqual([
      expect.objectContaining({ file: 'wrangler.toml', message: expect.stringMatching(message) }),
    ]);
  });

  it('warns of secrets that can be read only otherwise than the sender means them', () => {
    project.write('tributary.config.ts', config);
    project.write('.dev.vars', 'OTHER=1\nSHOP_SECRET="hunter2\n"\n');
    const { status, warnings } = check();
    expect(status).toBe(0);
    expect(placesOf(warnings)).toEqual(['.dev.vars:2 SHOP_SECRET']);
    expect(JSON.stringify(warnings)).not.toContain('hunter2');
    expect(check('--secrets', '.')).toMatchObject({ status: 1, problems: [{ file: '.' }] });
  });
});

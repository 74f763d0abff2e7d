import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// wrangler warns of each secret that .dev.vars lacks; the tests bind their own below.
process.env['WRANGLER_LOG'] = 'error';

// By default 1 s, which a busy machine may need for an answer that is due at once.
const expectations = { poll: { timeout: 20_000 } };

const configCheck = fileURLToPath(new URL('shared/config/check/check-config.ts', import.meta.url));

/** What takes longest, by the beginning of the path; the rest takes seconds at most. */
const longest = [
  'test/e2e/',
  'test/cli/',
  'test/local/pubsub/',
  'test/history/',
  'test/subscriber/',
];

/** Also in a fresh clone, where no times are known: a long file that starts last would run alone at the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = longest.findIndex((path) => moduleId.includes(`/${path}`));
      return at < 0 ? longest.length : at;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

// Two programs, as in production: what runs in workerd is tested in workerd, the rest on Node,
// and shared/ in both. A third project tests the types that a config sees.
export default defineConfig({
  test: {
    // By default one core less than there is, but these tests wait as much as they compute.
    maxWorkers: availableParallelism() + 1,
    // The edge logs each delivery in tests: only what a failed test logged is of use.
    silent: 'passed-only',
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        plugins: [
          cloudflareTest(({ inject }) => ({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              bindings: {
                PUBSUB_ENDPOINT: inject<string>('pubsub'),
                GOOGLE_SERVICE_ACCOUNT: inject<string>('account'),
                DATANOSTRO_SECRET: 'secret of the tests',
                ABSMARTLY_KEY: 'absmartly-key-of-the-tests',
                CRM_KEY: 'crm-key-of-the-tests',
              },
              // What wrangler.toml leaves to the user. Nothing consumes: the tests do.
              queueProducers: { OVERFLOW: 'overflow-of-the-tests' },
              r2Buckets: ['OVERFLOW_OBJECTS'],
            },
          })),
        ],
        // As Node has it: what shared/ checks is tested in both.
        resolve: { alias: { '#config-check': configCheck } },
        test: {
          name: 'workerd',
          expect: expectations,
          // One workerd for all files: each edge of theirs has a topic of its own.
          isolate: false,
          globalSetup: './test/beds/workerd-setup.ts',
          include: ['test/worker/**/*.test.ts', 'test/shared/**/*.test.ts'],
        },
      },
      {
        // What the types of a config allow and refuse: tsc judges, nothing runs.
        test: {
          name: 'types',
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ['test/types/**/*.test-d.ts'],
            tsconfig: './test/types/tsconfig.json',
          },
        },
      },
      {
        test: {
          name: 'node',
          expect: expectations,
          include: ['test/**/*.test.ts'],
          exclude: ['test/worker/**'],
          // One process for many files: starting it and loading Google's clients takes 2 s of CPU.
          isolate: false,
          setupFiles: ['./test/beds/clean-process.ts'],
          // Google's clients look for a cloud's metadata server, even when they are to speak to this machine.
          env: { METADATA_SERVER_DETECTION: 'none' },
          // Real processes on a machine that others use: what failed once is tried once more, and said.
          retry: process.env['CI'] ? 1 : 0,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});

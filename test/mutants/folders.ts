/** What must never be wrong, and which tests say so. */
export interface Folder {
  /** A folder or a file of the source. */
  path: string;
  project: 'node' | 'workerd';
  /** Beginnings of the paths of test files. */
  tests: readonly string[];
}

const edge = ['test/worker/'];

export const folders: readonly Folder[] = [
  {
    path: 'shared/signatures',
    project: 'node',
    tests: ['test/shared/signatures/', 'test/shared/sources/', 'test/fuzz/signatures'],
  },
  {
    path: 'shared/filters',
    project: 'node',
    tests: [
      'test/shared/filters/',
      'test/shared/sources/',
      'test/shared/config/',
      'test/fuzz/filters',
    ],
  },
  { path: 'worker/decide.ts', project: 'workerd', tests: edge },
  { path: 'worker/verify', project: 'workerd', tests: edge },
  { path: 'worker/publish', project: 'workerd', tests: edge },
  {
    path: 'subscriber/pipeline.ts',
    project: 'node',
    tests: ['test/subscriber/pipeline', 'test/subscriber/rows/', 'test/subscriber/pull/'],
  },
  {
    path: 'subscriber/rows',
    project: 'node',
    tests: ['test/subscriber/rows/', 'test/subscriber/pipeline', 'test/subscriber/bigquery/'],
  },
  {
    path: 'subscriber/dead-letters',
    project: 'node',
    tests: ['test/subscriber/dead-letters/', 'test/subscriber/pipeline'],
  },
  { path: 'worker/overflow', project: 'workerd', tests: ['test/worker/overflow/'] },
  {
    path: 'shared/json',
    project: 'node',
    tests: ['test/shared/json/', 'test/shared/shape/', 'test/shared/formats/', 'test/fuzz/json'],
  },
  {
    path: 'shared/config',
    project: 'node',
    tests: ['test/shared/config/', 'test/shared/sources/'],
  },
  { path: 'subscriber/exports/load', project: 'node', tests: ['test/subscriber/exports/'] },
];

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import {
  BaseSequencer,
  createVitest,
  type TestModule,
  type TestProject,
  type TestSpecification,
  type Vitest,
} from 'vitest/node';
import config from '../../vitest.config.ts';
import type { Mutant } from './find-mutants.ts';
import type { Folder } from './folders.ts';
import { instrument } from './instrument.ts';
import type { Findings, Orders } from './orders.ts';

export interface Hunt {
  killed: Set<number>;
  /** Reached while files were imported. */
  imported: Set<number>;
  /** Test files by mutant. */
  reachedBy: Map<number, Set<string>>;
  /** How long each file of tests took, without mutants. */
  ms: Map<string, number>;
  failed: string[];
  unrepeated: string[];
}

/** Runs the tests of a folder with its mutants in the source. Never more than one process of tests at a time. */
export class MutatedTests {
  readonly #vitest: Vitest;
  readonly #project: TestProject;
  readonly #folder: Folder;
  readonly #temporary: string;

  constructor(vitest: Vitest, project: TestProject, folder: Folder, temporary: string) {
    this.#vitest = vitest;
    this.#project = project;
    this.#folder = folder;
    this.#temporary = temporary;
  }

  static async open(folder: Folder, mutants: readonly Mutant[]): Promise<MutatedTests> {
    const root = process.cwd();
    const byFile = Map.groupBy(mutants, ({ file }) => join(root, file));
    const temporary = mkdtempSync(join(tmpdir(), 'mutants-'));
    const project = projectNamed(folder.project);
    const { plugins = [], resolve, test } = project;
    const switched = {
      name: 'mutants',
      enforce: 'pre' as const,
      transform(text: string, id: string) {
        const inside = byFile.get(id.split('?')[0] ?? id);
        return inside && { code: instrument(text, inside) };
      },
    };
    const vitest = await createVitest(
      {
        ...test,
        config: false,
        watch: false,
        // It would give one run's mutants to the next.
        fsModuleCache: false,
        fileParallelism: false,
        maxWorkers: 1,
        silent: true,
        reporters: [{}],
        sequence: { sequencer: AsListed },
        ...(folder.project === 'node' && { pool: 'forks' as const }),
        setupFiles: ['./test/mutants/in-worker.ts', ...[test?.setupFiles ?? []].flat()],
      },
      { plugins: [...plugins, switched], ...(resolve && { resolve }) },
    );
    const [opened] = vitest.projects;
    if (!opened) throw new Error('Vitest has no project.');
    return new MutatedTests(vitest, opened, folder, temporary);
  }

  /** Every test runs again for each mutant that it reaches. */
  async hunt(ids: number[], ms: ReadonlyMap<string, number>): Promise<Hunt> {
    const hunt: Hunt = {
      killed: new Set(),
      imported: new Set(),
      reachedBy: new Map(),
      ms: new Map(),
      failed: [],
      unrepeated: [],
    };
    const files = (await this.#files()).toSorted(
      (a, b) => (ms.get(pathOf(a)) ?? 0) - (ms.get(pathOf(b)) ?? 0),
    );
    let left = files;
    // A process that hangs is ended; the rest runs in another.
    while (left.length > 0) {
      const live = ids.filter((id) => !hunt.killed.has(id));
      const hung = await this.#run({ mode: 'hunt', ids: live }, left, hunt);
      if (hung === undefined) break;
      hunt.killed.add(hung.id);
      left = left.slice(
        Math.max(
          0,
          left.findIndex((file) => pathOf(file) === hung.file),
        ),
      );
    }
    return hunt;
  }

  /** Where a test fails with one mutant, which is there from the first import on. */
  async killerOf(id: number, files: readonly string[]): Promise<string | undefined> {
    const all = await this.#files();
    const specifications = files.flatMap((path) => all.filter((file) => pathOf(file) === path));
    const hunt = { failed: [] as string[] };
    const hung = await this.#run({ mode: 'one', ids: [id] }, specifications, hunt);
    return hunt.failed[0]?.split(':')[0] ?? hung?.file;
  }

  async close(): Promise<void> {
    await this.#vitest.close();
    rmSync(this.#temporary, { recursive: true });
  }

  async #files(): Promise<TestSpecification[]> {
    const all = await this.#vitest.globTestSpecifications();
    return all.filter((file) => this.#folder.tests.some((path) => pathOf(file).startsWith(path)));
  }

  async #run(
    orders: Omit<Orders, 'progress'>,
    files: TestSpecification[],
    hunt: Partial<Hunt> & Pick<Hunt, 'failed'>,
  ): Promise<{ id: number; file: string } | undefined> {
    const progress = join(this.#temporary, `progress-${Math.random()}`);
    this.#project.provide('mutants', { ...orders, progress });
    this.#vitest.config.bail = orders.mode === 'one' ? 1 : 0;
    this.#project.config.bail = this.#vitest.config.bail;
    const watch = watchProgress(progress);
    const { testModules, unhandledErrors } = await this.#vitest.runTestSpecifications(files);
    const hung = watch.stop();
    for (const module of testModules) {
      const file = relative(process.cwd(), module.moduleId);
      const { duration } = module.diagnostic();
      hunt.ms?.set(file, duration);
      if (module.state() === 'failed') hunt.failed.push(`${file}: ${firstError(module)}`);
      for (const test of module.children.allTests()) {
        const findings = test.meta().mutants;
        if (findings) note(findings, file, test.fullName, hunt);
      }
    }
    if (unhandledErrors.length > 0 && orders.mode === 'one') hunt.failed.push('(unhandled)');
    return hung;
  }
}

function firstError(module: TestModule): string | undefined {
  const [test] = module.children.allTests('failed');
  const [error] = [...module.errors(), ...(test?.result().errors ?? [])];
  return `${test?.fullName ?? ''} ${error?.stack ?? error?.message ?? ''}`;
}

function note(findings: Findings, file: string, name: string, hunt: Partial<Hunt>): void {
  const { reached, imported, killed, unrepeated } = findings;
  for (const id of reached) {
    const files = hunt.reachedBy?.get(id) ?? new Set();
    hunt.reachedBy?.set(id, files.add(file));
  }
  for (const id of imported) hunt.imported?.add(id);
  for (const id of killed) hunt.killed?.add(id);
  if (unrepeated) hunt.unrepeated?.push(`${file} > ${name}: ${unrepeated}`);
}

/** Ends a process of tests that has tried the same mutant for three minutes. */
function watchProgress(path: string) {
  let last = '';
  let since = Date.now();
  let hung: { id: number; file: string } | undefined;
  const timer = setInterval(() => {
    const text = readOr(path, '-');
    const [pid, id, file = ''] = text.split(' ');
    if (text !== last) [last, since] = [text, Date.now()];
    if (id === undefined || id === '-' || Date.now() - since < 180_000) return;
    hung = { id: Number(id), file };
    since = Date.now();
    process.kill(Number(pid), 'SIGKILL');
  }, 1000);
  return {
    stop() {
      clearInterval(timer);
      return hung;
    },
  };
}

function readOr(path: string, other: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return other;
  }
}

class AsListed extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return files;
  }
}

function pathOf({ moduleId }: TestSpecification): string {
  return relative(process.cwd(), moduleId);
}

function projectNamed(name: Folder['project']) {
  const projects = config.test?.projects ?? [];
  for (const project of projects) {
    if (typeof project === 'object' && 'test' in project && project.test?.name === name) {
      return project;
    }
  }
  throw new Error(`vitest.config.ts has no project ${name}.`);
}

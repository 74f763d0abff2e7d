/** What a process of Vitest is told to do with the mutants. */
export interface Orders {
  /** `hunt`: each test runs again for every mutant that it reaches. `one`: one mutant, from the first import on. */
  mode: 'hunt' | 'one';
  /** Those still to be killed; with `one`, that one. */
  ids: number[];
  /** Where a process of Node says what it tries, so that one which hangs can be told. */
  progress: string;
}

/** What a test found, as `task.meta.mutants`. */
export interface Findings {
  reached: number[];
  /** Reached while files were imported: what came of it can't be done again. */
  imported: number[];
  killed: number[];
  /** Why a test was not repeated for its mutants. */
  unrepeated?: 'fails when it runs again' | 'fails after a mutant' | 'takes too long';
}

declare module 'vitest' {
  interface ProvidedContext {
    mutants: Orders;
  }
  interface TaskMeta {
    mutants?: Findings;
  }
}

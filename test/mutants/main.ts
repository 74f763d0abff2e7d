// `npm run mutants [-- FOLDER …]`: makes small faults in the source, one at a time, and counts those that no test
// notices. find-mutants.ts has the faults, folders.ts what is mutated and which tests must notice, run-tests.ts runs
// them. equivalent.json lists faults that change nothing, with the reason.

import { existsSync, globSync, readFileSync } from 'node:fs';
import { Command } from 'commander';
import { findMutants, type Mutant } from './find-mutants.ts';
import { type Folder, folders } from './folders.ts';
import { MutatedTests } from './run-tests.ts';
import { type Equivalent, isListed, mutationOf, type Score, toText } from './score.ts';

const say = (what: string) => process.stderr.write(`${what}\n`);

await new Command('mutants')
  .description('make small faults in the source, and count those that no test notices')
  .argument('[folder...]', 'a folder or a file, as folders.ts lists them, or a part of one')
  .option('--list', 'print the mutants and run nothing', false)
  .action(async (paths: string[], options: { list: boolean }) => {
    const chosen = choose(paths);
    if (chosen.length === 0) {
      say(`No such folder. There are: ${folders.map(({ path }) => path).join(', ')}.`);
      process.exitCode = 2;
      return;
    }
    const scores: Score[] = [];
    for (const folder of chosen) {
      const mutants = mutantsIn(folder.path);
      if (options.list) for (const mutant of mutants) process.stdout.write(`${describe(mutant)}\n`);
      else scores.push(await judge(folder, mutants));
    }
    if (options.list) return;
    process.stdout.write(toText(scores));
    if (scores.some(({ survivors }) => survivors.length > 0)) process.exitCode = 1;
  })
  .parseAsync();

function choose(paths: string[]): Folder[] {
  if (paths.length === 0) return [...folders];
  return paths.flatMap((path) => {
    const clean = path.replace(/\/$/, '');
    const inside = folders.filter((folder) => folder.path.startsWith(clean));
    if (inside.length > 0) return inside;
    const parent = folders.find((folder) => clean.startsWith(`${folder.path}/`));
    return parent && existsSync(clean) ? [{ ...parent, path: clean }] : [];
  });
}

function mutantsIn(path: string): Mutant[] {
  const files = path.endsWith('.ts') ? [path] : globSync(`${path}/**/*.ts`).toSorted();
  const found = files.flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    const lineOf = (start: number) => text.slice(0, start).split('\n').length;
    return findMutants(text).map((mutant) => ({
      ...mutant,
      file,
      line: lineOf(mutant.start),
    }));
  });
  return found.map((mutant, id) => ({ ...mutant, id }));
}

async function judge(folder: Folder, mutants: Mutant[]): Promise<Score> {
  const began = Date.now();
  const listed: Equivalent[] = JSON.parse(
    readFileSync(new URL('equivalent.json', import.meta.url), 'utf8'),
  );
  const equivalent = mutants.filter((mutant) => isListed(mutant, listed));
  const others = mutants.filter((mutant) => !equivalent.includes(mutant));
  const tests = await MutatedTests.open(folder, mutants);
  try {
    say(`${folder.path}: ${mutants.length} mutants; the tests run once without one …`);
    const dry = await tests.hunt([], new Map());
    if (dry.failed.length > 0) throw new Error(`These fail as they are: ${dry.failed.join('\n')}`);
    say(`${folder.path}: each test runs again for every mutant that it reaches …`);
    const ids = others.map(({ id }) => id);
    const hunt = await tests.hunt(ids, dry.ms);
    for (const line of [...hunt.failed, ...hunt.unrepeated]) say(`  not repeated: ${line}`);
    const killed = new Set(hunt.killed);
    const left = others.filter(({ id }) => !killed.has(id));
    say(`${folder.path}: ${killed.size} killed; ${left.length} run alone …`);
    const kills = new Map<string, number>();
    for (const [done, mutant] of left.entries()) {
      const { id } = mutant;
      const reaching = hunt.reachedBy.get(id);
      // First those that notice most, for the time that they take.
      const rank = (file: string) => (1 + (kills.get(file) ?? 0)) / (300 + (dry.ms.get(file) ?? 0));
      const files = [...dry.ms.keys()]
        .filter((file) => dry.imported.has(id) || reaching?.has(file))
        .toSorted((a, b) => rank(b) - rank(a));
      const killer = files.length > 0 ? await tests.killerOf(id, files) : undefined;
      if (killer === undefined) {
        const how = files.length === 0 ? 'unreached' : 'survives';
        say(`  ${done + 1}/${left.length} ${how}: ${describe(mutant)}`);
        continue;
      }
      killed.add(id);
      kills.set(killer, (kills.get(killer) ?? 0) + 1);
    }
    return {
      folder: folder.path,
      mutants: mutants.length,
      killed: killed.size,
      equivalent: equivalent.length,
      survivors: others.filter(({ id }) => !killed.has(id)).map(describe),
      minutes: Math.round((Date.now() - began) / 6000) / 10,
    };
  } finally {
    await tests.close();
  }
}

function describe(mutant: Mutant): string {
  return `${mutant.file}:${mutant.line} ${mutationOf(mutant)}`;
}

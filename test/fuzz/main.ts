// `npm run fuzz`: the properties of this folder with other cases, and more of them, than `npm test` tries.

import { spawn } from 'node:child_process';
import { Command, InvalidArgumentError } from 'commander';

function whole(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new InvalidArgumentError('A whole number above 0 is needed.');
  }
  return number;
}

await new Command('fuzz')
  .description('try the properties of test/fuzz with cases that npm test does not try')
  .argument('[name...]', 'only the files whose names have one of these: sql, config, …')
  .option('--runs <factor>', 'how many times as many cases as npm test tries', whole, 10)
  .option('--seed <seed>', 'the seed of another run, to run it again', whole)
  .action(async (names: string[], { runs, seed }: { runs: number; seed?: number }) => {
    const chosen = seed ?? Math.ceil(Math.random() * 2 ** 31);
    process.stderr.write(`${runs} times the cases of npm test, seed ${chosen}\n`);
    const files = names.length === 0 ? ['test/fuzz/'] : names.map((name) => `test/fuzz/${name}`);
    const vitest = spawn('vitest', ['run', '--project', 'node', ...files], {
      stdio: 'inherit',
      env: { ...process.env, FUZZ_RUNS: String(runs), FUZZ_SEED: String(chosen) },
    });
    process.exitCode = await new Promise<number>((resolve) => {
      vitest.on('exit', (code) => resolve(code ?? 1));
    });
    const again = ['npm run fuzz --', ...names, `--runs ${runs} --seed ${chosen}`].join(' ');
    if (process.exitCode !== 0) process.stderr.write(`The same again: ${again}\n`);
  })
  .parseAsync();

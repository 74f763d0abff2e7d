// npm run conformance [-- SUITE…] [--on local|emulator|google] [--json]

import { parseArgs } from 'node:util';
import type { TargetKind } from './known-differences.ts';
import type { SuiteReport } from './row.ts';

// Google's clients look for a cloud's metadata server, even when they are to speak to this machine.
process.env['METADATA_SERVER_DETECTION'] ??= 'none';

const kinds = ['local', 'emulator', 'google'] as const;

/** @returns the exit code: 1 if there is a difference, 2 for a misuse */
async function main(): Promise<number> {
  const { values, positionals, problem } = readArguments();
  const { suites } = await import('./suites.ts');
  const known = Object.keys(suites);
  const unknown = positionals.filter((name) => !known.includes(name));
  const kind = kinds.find((each) => each === (values.on ?? 'local'));
  const target = process.env['TRIBUTARY_CONFORMANCE_TARGET'];
  const misuse =
    problem ??
    (unknown.length > 0 &&
      `there is no suite ${unknown.join(', ')}; there is: ${known.join(', ')}`) ??
    undefined;
  if (misuse) return refuse(misuse);
  if (kind === undefined) return refuse(`--on takes ${kinds.join(', ')}`);
  if (kind === 'google' && !target) {
    return refuse('nothing is sent to Google unless TRIBUTARY_CONFORMANCE_TARGET names a project');
  }
  if (kind !== 'google' && target) {
    return refuse('TRIBUTARY_CONFORMANCE_TARGET is set, and --on google is not: unset it');
  }
  const reports: SuiteReport[] = [];
  for (const name of positionals.length > 0 ? positionals : known) {
    const run = suites[name];
    if (!run) continue;
    if (!values.json) process.stderr.write(`${name} …\n`);
    const report = await run(kind);
    reports.push(report);
    if (!values.json) printReport(report);
  }
  const ok = reports.every(({ differences }) => differences.length === 0);
  if (values.json) printDocument(kind, ok, reports);
  else printCounts(reports);
  return ok ? 0 : 1;
}

function readArguments() {
  try {
    const options = { on: { type: 'string' }, json: { type: 'boolean' } } as const;
    return { ...parseArgs({ options, allowPositionals: true }), problem: undefined };
  } catch (error) {
    return {
      values: {} as { on?: string; json?: boolean },
      positionals: [],
      problem: (error as Error).message,
    };
  }
}

function refuse(problem: string): number {
  process.stderr.write(`${problem}\n`);
  return 2;
}

function printReport({ differences, onPurpose }: SuiteReport): void {
  for (const { name, page, reason } of differences) {
    console.log(`  differs: ${name}\n    ${page}\n    ${reason.replaceAll('\n', '\n    ')}`);
  }
  for (const { name, page, reason } of onPurpose) {
    console.log(`  on purpose: ${name}\n    ${page}\n    ${reason}`);
  }
}

function printCounts(reports: readonly SuiteReport[]): void {
  console.log(`\n${'suite'.padEnd(14)} passed  on purpose  differ`);
  for (const { suite, passed, onPurpose, differences, skipped } of reports) {
    const counts = [
      String(passed).padStart(6),
      String(onPurpose.length).padStart(10),
      String(differences.length).padStart(6),
    ];
    console.log(
      `${suite.padEnd(14)} ${skipped === undefined ? counts.join('  ') : `skipped: ${skipped}`}`,
    );
  }
}

function printDocument(target: TargetKind, ok: boolean, reports: readonly SuiteReport[]): void {
  console.log(JSON.stringify({ ok, target, suites: reports }, null, 2));
}

process.exitCode = await main();

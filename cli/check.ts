import { Command } from 'commander';
import { describeFinding } from './check/describe-finding.ts';
import { type Checks, runChecks } from './check/run-checks.ts';
import { isQuiet, jsonOption, printJson } from './terminal/manners.ts';

export function checkCommand(): Command {
  return new Command('check')
    .description(
      'check tributary.config.ts, wrangler.toml and the secrets; wrangler runs this before it bundles the Worker',
    )
    .option(
      '--secrets <file>',
      'file with the secrets that are not in the environment',
      '.dev.vars',
    )
    .addOption(jsonOption())
    .action(check);
}

async function check({ secrets, json }: { secrets: string; json: boolean }): Promise<void> {
  const checks = await runChecks(secrets);
  const { problems, warnings } = checks;
  if (problems.length > 0) process.exitCode = 1;
  if (json) {
    printJson({ ok: problems.length === 0, problems, warnings });
    return;
  }
  for (const problem of problems) process.stderr.write(describeFinding('error', problem));
  if (!isQuiet())
    for (const warning of warnings) process.stderr.write(describeFinding('warning', warning));
  console.log(summary(checks));
}

function summary({ file, relay, problems, warnings }: Checks): string {
  const found = [
    ...(problems.length > 0 ? [counted(problems.length, 'problem')] : []),
    ...(warnings.length > 0 ? [counted(warnings.length, 'warning')] : []),
  ];
  const names = [...(relay?.streams.keys() ?? [])];
  const streams = relay ? [`${counted(names.length, 'stream')} (${names.join(', ')})`] : [];
  return `${file}: ${[...streams, ...found].join(', ')}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

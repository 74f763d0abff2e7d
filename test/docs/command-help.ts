import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const helps = new Map<string, string>();

/** What `tributary <command> --help` prints; empty if there is no such command. */
export function helpOf(command = ''): string {
  const known = helps.get(command);
  if (known !== undefined) return known;
  const args = [main, ...command.split(' ').filter(Boolean), '--help'];
  const { status, stdout } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  const isOwn = stdout.includes(`Usage: tributary${command && ` ${command}`}`);
  const text = status === 0 && isOwn ? stdout : '';
  helps.set(command, text);
  return text;
}

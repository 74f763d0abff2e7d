import { spawnSync } from 'node:child_process';
import { it } from 'vitest';

/** `it`, for a test that needs tools of the machine; skipped, and saying so, where one is missing. */
export function itWith(tools: string[], name: string, test: () => Promise<void>): void {
  const missing = tools.filter((tool) => !hasTool(tool));
  if (missing.length === 0) it(name, test);
  else it.skip(`skipped: ${missing.join(', ')} is not installed (${name})`, test);
}

export function hasTool(tool: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;
}

import type { Differences } from './differences.ts';
import type { Outside } from './outside.ts';

/** What was answered must be what the delivery deserves. */
export function compareAnswers({ sent }: Outside, differences: Differences): void {
  for (const [key, { stream, fate, acknowledged, rejected }] of sent) {
    const where = `${stream} ${key}`;
    if (fate === 'refused' && acknowledged.length > 0) {
      differences.add('acknowledged, but forged', where);
    }
    if (fate !== 'refused' && rejected > 0) differences.add('refused, but good', where);
    const isFiltered = acknowledged.some((id) => id === '');
    if (acknowledged.length > 0 && isFiltered !== (fate === 'filtered')) {
      differences.add('differs from what was sent', `${where} (filtered)`);
    }
  }
}

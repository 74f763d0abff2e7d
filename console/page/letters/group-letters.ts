import type { Letter } from '../../contract.ts';
import { safeText } from '../parts/text.tsx';

export interface LetterGroup {
  /** The stream, a space and the reason without what differs from letter to letter. */
  name: string;
  stream: string | null;
  letters: Letter[];
}

const maxNameLength = 160;

/** Letters with the same stream and the same kind of reason, the largest group first. */
export function groupsOf(letters: readonly Letter[]): LetterGroup[] {
  const groups = new Map<string, LetterGroup>();
  for (const letter of letters) {
    const name = `${letter.stream ?? '-'} ${kindOf(letter.reason)}`;
    const group = groups.get(name) ?? { name, stream: letter.stream, letters: [] };
    group.letters.push(letter);
    groups.set(name, group);
  }
  return [...groups.values()].toSorted((a, b) => b.letters.length - a.letters.length);
}

/** Values and numbers differ in reasons that are the same. */
function kindOf(reason: string): string {
  return safeText(
    reason
      .replace(/"(?:[^"\\]|\\.){12,}"/g, '"…"')
      .replace(/\b\d{2,}\b/g, 'N')
      .slice(0, maxNameLength),
  );
}

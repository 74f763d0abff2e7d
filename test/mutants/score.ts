import type { Mutant } from './find-mutants.ts';

/** A mutant that changes nothing, of equivalent.json. It is found by its text, so it may move. */
export interface Equivalent {
  file: string;
  /** As `npm run mutants` prints it, without the line: `operator: from → to`. */
  mutation: string;
  reason: string;
}

export interface Score {
  folder: string;
  mutants: number;
  killed: number;
  equivalent: number;
  /** Neither killed nor listed. */
  survivors: string[];
  minutes: number;
}

export function mutationOf({ operator, from, to }: Mutant): string {
  const short = (text: string) => text.replace(/\s+/g, ' ');
  return `${operator}: ${short(from)} → ${short(to)}`;
}

export function isListed(mutant: Mutant, listed: readonly Equivalent[]): boolean {
  const mutation = mutationOf(mutant);
  return listed.some((one) => one.file === mutant.file && one.mutation === mutation);
}

export function toText(scores: readonly Score[]): string {
  const lines = scores.map(({ folder, mutants, killed, equivalent, survivors, minutes }) => {
    const share = (100 * killed) / Math.max(1, mutants - equivalent);
    const figures = `${killed} of ${mutants - equivalent} killed (${share.toFixed(1)} %)`;
    const rest = `${equivalent} listed, ${survivors.length} survive, ${minutes} min`;
    return `${folder}: ${figures}; ${rest}\n`;
  });
  return lines.join('');
}

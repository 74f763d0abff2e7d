import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeMachine } from './machine.ts';

const proof = fileURLToPath(new URL('../docs/proof.md', import.meta.url));
const beginning = '# Proof\n';

/** Replaces a section of docs/proof.md, from its heading to the next one of its level, or adds it. */
export function writeProofSection(heading: string, content: string): void {
  let text = beginning;
  try {
    text = readFileSync(proof, 'utf8');
  } catch {
    // The file begins with this section.
  }
  writeFileSync(proof, replaceSection(text, heading, content));
}

export function replaceSection(text: string, heading: string, content: string): string {
  const section = `## ${heading}\n\n${content.trim()}\n`;
  const begin = text.indexOf(`## ${heading}\n`);
  if (begin < 0) return `${text.trimEnd()}\n\n${section}`;
  const next = text.indexOf('\n## ', begin);
  return text.slice(0, begin) + section + (next < 0 ? '' : text.slice(next));
}

/** On what, when and from which sources the figures are. */
export function describeRun(command: string): string {
  const { cpu, cores, memoryGiB, os, node, load } = describeMachine();
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const day = new Date().toISOString().slice(0, 10);
  return `\`${command}\`, ${day}, commit ${commit}: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${os}, Node ${node.slice(1)}; load average at the end ${load}.`;
}

import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Kind } from './check/differences.ts';
import type { Outage } from './schedule/schedule.ts';

/** A bug that is planted into a copy of the product. */
export interface Plant {
  name: 'ack first' | 'id first' | 'letter acked first' | 'upserts reversed' | 'answer first';
  what: string;
  file: string;
  /** It must stand there once, exactly so. */
  replace: string;
  by: string;
  /** What shows it for sure; without one, deliveries alone do. */
  outage?: Outage;
  /** The difference that the suite must find. */
  shows: Kind;
}

export const plants: readonly Plant[] = [
  {
    name: 'ack first',
    what: 'a message is acked before its row is appended',
    file: 'subscriber/pipeline.ts',
    replace: '    this.#pulled++;\n',
    by: '    this.#pulled++;\n    message.ack();\n',
    outage: 'written',
    shows: 'missing',
  },
  {
    name: 'id first',
    what: 'an id is remembered before its row is written',
    file: 'subscriber/pipeline.ts',
    replace:
      '    const messages = this.#pending.get(id);\n    if (messages) messages.push(message);\n    else if (this.#written.has(id)) {\n',
    by: '    const isKnown = this.#written.has(id);\n    this.#written.add(id);\n    if (isKnown) {\n',
    outage: 'written',
    shows: 'missing',
  },
  {
    name: 'letter acked first',
    what: 'a dead letter is acked before it is stored',
    file: 'subscriber/pipeline.ts',
    replace:
      '        result = await this.#deadLetters.write(messages, result.kind, result.problem);\n',
    by: "        void this.#deadLetters.write(messages, result.kind, result.problem);\n        result = { kind: 'written' };\n",
    outage: 'written',
    shows: 'missing dead letter',
  },
  {
    name: 'upserts reversed',
    what: 'the order of upserts is reversed',
    file: 'subscriber/rows/row-writer.ts',
    replace: '  const time = Math.max(0, receivedAt);\n',
    by: '  const time = 2 ** 45 - Math.max(0, receivedAt);\n',
    shows: 'an old version',
  },
  {
    name: 'answer first',
    what: 'the edge answers before Pub/Sub has acknowledged',
    file: 'worker/publish/store.ts',
    replace:
      '  const { ok, ...published } = await tryToPublish(message, destination, stream.publishBudgetMs);\n',
    by: '  void tryToPublish(message, destination, stream.publishBudgetMs);\n  const { ok, ...published } = { ok: true };\n',
    outage: 'published',
    shows: 'missing',
  },
];

const root = fileURLToPath(new URL('../..', import.meta.url));
const product = ['worker', 'shared', 'subscriber', 'console', 'local', 'package.json'];

/** Copies the product into a folder. */
export function copyProduct(directory: string): void {
  for (const name of product) cpSync(join(root, name), join(directory, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
}

/**
 * Plants a bug into a copy of the product.
 *
 * @throws Error if the text is not there any more: then nothing would be planted
 */
export function plantBug({ file, replace, by }: Plant, directory: string): void {
  const path = join(directory, file);
  const parts = readFileSync(path, 'utf8').split(replace);
  if (parts.length !== 2) {
    throw new Error(`${file} has the text of a planted bug ${parts.length - 1} times, not once`);
  }
  writeFileSync(path, parts.join(by));
}

export function findPlants(...names: readonly Plant['name'][]): Plant[] {
  return plants.filter(({ name }) => names.includes(name));
}

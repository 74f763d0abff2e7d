import type { Bindings } from '../optional-bindings.ts';
import { keep } from '../overflow/overflow.ts';
import { type Facts, factsOf } from '../report/log.ts';
import { type Message, toMessageText } from './message.ts';
import { type Destination, publish } from './publish.ts';

/** `stored`: by Pub/Sub, or by overflow, which gives it to Pub/Sub later. */
export interface Storing {
  stored: boolean;
  facts: Facts;
}

/** Pub/Sub within the budget, then overflow, then nothing: the sender must send it again. */
export async function store(
  message: Message,
  env: Bindings,
  destination: Destination,
  budgetMs: number,
): Promise<Storing> {
  const { ok, ...facts } = await tryToPublish(message, destination, budgetMs);
  if (ok) return { stored: true, facts };
  const keeping = await keep(message, env);
  if (keeping.kept) return { stored: true, facts: { ...facts, overflow: keeping.kept } };
  return { stored: false, facts: { ...facts, ...(keeping.cause && { overflow: keeping.cause }) } };
}

/** Caught here: what keeps us from publishing, a broken service account say, is no reason not to keep. */
async function tryToPublish(
  message: Message,
  destination: Destination,
  budgetMs: number,
): Promise<Facts & { ok: boolean }> {
  try {
    return await publish([toMessageText(message)], destination, budgetMs);
  } catch (error) {
    return { ok: false, ...factsOf(error) };
  }
}

import type { Fault, ScriptedFault } from '../../../local/faults/faults.ts';
import type { FaultServer } from './fault-cases.ts';

const withinMs = 2000;

/** Scripts the faults of one local server, in its own process, and counts how often each struck. */
export class FaultScript {
  readonly #server: FaultServer;
  readonly #port: () => number;
  /** By the fault's name. */
  readonly struck = new Map<string, number>();

  constructor(server: FaultServer, port: () => number) {
    this.#server = server;
    this.#port = port;
  }

  /** @returns false if the server does not answer: it may be stopped */
  async add(faults: readonly Fault[]): Promise<boolean> {
    return (await this.#ask('POST', faults)) !== undefined;
  }

  /** Whether nothing is left that may still strike once. */
  async isDone(): Promise<boolean> {
    const list = (await this.#ask('GET')) ?? [];
    return list.every(({ times = 1, struck, name }) =>
      always.has(name) || times === 'always' ? false : struck >= times,
    );
  }

  /** Removes all faults, and counts those that struck. */
  async clear(): Promise<void> {
    const list = (await this.#ask('GET')) ?? [];
    if (list.length === 0 || !(await this.#ask('DELETE'))) return;
    for (const { name, struck } of list) this.#count(name, struck);
  }

  #count(name: string, times: number): void {
    const key = struckName(name, this.#server);
    this.struck.set(key, (this.struck.get(key) ?? 0) + times);
  }

  async #ask(method: string, faults?: readonly Fault[]): Promise<ScriptedFault[] | undefined> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.#port()}/__faults`, {
        method,
        signal: AbortSignal.timeout(withinMs),
        ...(faults && {
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(faults),
        }),
      });
      const answer = (await response.json()) as { faults?: ScriptedFault[]; error?: string };
      if (answer.error !== undefined) throw new FaultRefused(answer.error);
      return answer.faults;
    } catch (error) {
      if (error instanceof FaultRefused) throw error;
      return undefined;
    }
  }
}

/** Two faults are those of both servers. */
export function struckName(name: string, server: FaultServer): string {
  return both.has(name) ? `${name} (${server})` : name;
}

/** A mistake of the suite. */
class FaultRefused extends Error {}

const both = new Set(['iam.denied', 'streams.reset']);
/** They strike always unless they say otherwise. */
const always = new Set(['append.new-table', 'append.bad-row', 'iam.denied']);

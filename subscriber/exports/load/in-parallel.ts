import { errors, RelayError } from '../../../shared/errors.ts';

/**
 * Runs some at a time, in order. After a failure no more are begun, and it is told when nothing runs any
 * more. A refusal, which nothing can mend, ends what runs; beside another failure it may still get
 * something done for the next try.
 */
export async function inParallel<Item>(
  items: readonly Item[],
  width: number,
  stop: AbortSignal | undefined,
  run: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const refused = new AbortController();
  const signal = stop ? AbortSignal.any([stop, refused.signal]) : refused.signal;
  const failures: unknown[] = [];
  const rest = items.values();
  const runRest = async () => {
    for (const item of rest) {
      if (failures.length > 0) return;
      try {
        await run(item, signal);
      } catch (error) {
        failures.push(error);
        if (isRefusal(error)) refused.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: width }, runRest));
  if (failures.length > 0) throw failures.find(isRefusal) ?? failures[0];
}

function isRefusal(error: unknown): boolean {
  return error instanceof RelayError && errors[error.code].reaction === 'invalid';
}

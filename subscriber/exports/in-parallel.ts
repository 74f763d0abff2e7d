/** Runs some at a time, in order. After a failure no more are begun, and it is told when nothing runs any more. */
export async function inParallel<Item>(
  items: readonly Item[],
  width: number,
  run: (item: Item) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  const rest = items.values();
  const runRest = async () => {
    for (const item of rest) {
      if (failures.length > 0) return;
      try {
        await run(item);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: width }, runRest));
  if (failures.length > 0) throw failures[0];
}

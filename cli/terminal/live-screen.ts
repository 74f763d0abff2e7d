import { setTimeout as sleep } from 'node:timers/promises';

const enter = '\u001b[?1049h\u001b[?25l';
const leave = '\u001b[?25h\u001b[?1049l';
const home = '\u001b[H';
const clearLine = '\u001b[K';
const clearBelow = '\u001b[J';

/**
 * Draws again and again until Ctrl-C or SIGTERM, in place on a terminal's other screen; elsewhere one frame follows the
 * other.
 *
 * @param draw gives the next frame; what it throws ends the loop
 */
export async function drawUntilInterrupted(
  draw: () => Promise<string>,
  everyMs: number,
  out: NodeJS.WriteStream = process.stdout,
): Promise<void> {
  const interrupted = new AbortController();
  const stop = () => interrupted.abort();
  const { signal } = interrupted;
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, stop);
  let isOpen = false;
  try {
    while (!signal.aborted) {
      const frame = await Promise.race([draw(), untilAborted(signal)]);
      if (frame === undefined) return;
      if (out.isTTY && !isOpen) out.write(enter);
      isOpen = true;
      out.write(out.isTTY ? inPlace(frame, out.rows) : frame);
      await sleep(everyMs, undefined, { signal }).catch(() => {});
    }
  } finally {
    if (out.isTTY && isOpen) out.write(leave);
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.removeListener(name, stop);
  }
}

/** A query may take long: Ctrl-C does not wait for it. */
function untilAborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

/** What is below the screen is left out: it would scroll. */
function inPlace(frame: string, rows = 24): string {
  const lines = frame.trimEnd().split('\n');
  const shown = lines.length < rows ? lines : [...lines.slice(0, rows - 2), '…'];
  return `${home}${shown.map((line) => `${line}${clearLine}\n`).join('')}${clearBelow}`;
}

import { SingleBar } from 'cli-progress';
import { terminalText } from '../../shared/terminal-text.ts';
import { isQuiet } from './manners.ts';

const drawEveryMs = 100;

/** A bar on standard error; nothing is shown if that is not a terminal. */
export class ProgressBar {
  readonly #bar: SingleBar;
  #shownAt = Number.NEGATIVE_INFINITY;

  /** @param total of what `show` counts; if it is unknown, only the text is shown */
  constructor(total?: number) {
    this.#bar = new SingleBar({
      format: total === undefined ? '{what}' : '{bar} {percentage} % · {what}',
      stream: process.stderr,
      noTTYOutput: false,
      hideCursor: true,
      clearOnComplete: true,
    });
    if (!isQuiet()) this.#bar.start(total ?? 1, 0, { what: '' });
  }

  /** @param what the text beside the bar; called whenever the bar is drawn */
  show(done: number, what: () => string): void {
    const now = performance.now();
    if (!process.stderr.isTTY || isQuiet() || now - this.#shownAt < drawEveryMs) return;
    this.#shownAt = now;
    this.#bar.update(done, { what: terminalText(what()) });
  }

  end(): void {
    this.#bar.stop();
  }
}

/**
 * Prints a line on standard error, in the place of a bar, which is drawn again below it. With `--quiet` it prints
 * only errors.
 */
export function printAboveBar(text: string, kind: 'notice' | 'error' = 'notice'): void {
  if (kind === 'notice' && isQuiet()) return;
  const line = terminalText(text);
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${line}\n` : `${line}\n`);
}

export function countText(count: number): string {
  return new Intl.NumberFormat('en').format(count);
}

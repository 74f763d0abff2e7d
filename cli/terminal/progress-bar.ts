import { SingleBar } from 'cli-progress';
import { terminalText } from '../../shared/terminal-text.ts';

const drawEveryMs = 100;

/** A bar on standard error; nothing where that is no terminal. */
export class ProgressBar {
  readonly #bar: SingleBar;
  #shownAt = Number.NEGATIVE_INFINITY;

  /** @param total of whatever is told to `show`; unknown when absent, and then there is no bar */
  constructor(total?: number) {
    this.#bar = new SingleBar({
      format: total === undefined ? '{what}' : '{bar} {percentage} % · {what}',
      stream: process.stderr,
      noTTYOutput: false,
      hideCursor: true,
      clearOnComplete: true,
    });
    this.#bar.start(total ?? 1, 0, { what: '' });
  }

  /** @param what is told beside the bar; asked for as often as the bar is drawn */
  show(done: number, what: () => string): void {
    const now = performance.now();
    if (!process.stderr.isTTY || now - this.#shownAt < drawEveryMs) return;
    this.#shownAt = now;
    this.#bar.update(done, { what: terminalText(what()) });
  }

  end(): void {
    this.#bar.stop();
  }
}

/** Prints a line on standard error, above the bar if there is one: it is drawn again at its next turn. */
export function sayAbove(text: string): void {
  const line = terminalText(text);
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${line}\n` : `${line}\n`);
}

export function countText(count: number): string {
  return new Intl.NumberFormat('en').format(count);
}

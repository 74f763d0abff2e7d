import { setImmediate as turn } from 'node:timers/promises';
import { vi } from 'vitest';

const stepMs = 200;
/** Turns of the event loop after each step: enough for a call to a server of this process and its answer. */
const turnsAStep = 12;

/**
 * The clock of this process and of all that runs in it: our servers, Google's clients, our subscriber.
 * Between its steps, whatever the timers have begun is carried out over real sockets.
 */
export class SimulatedClock {
  /** To be started before anything that looks at the time. It goes with the real one until it is advanced. */
  static start(): SimulatedClock {
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
      fakeNodeBuiltins: true,
      shouldAdvanceTime: true,
      advanceTimeDelta: 10,
    });
    return new SimulatedClock();
  }

  private constructor() {}

  async advance(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      vi.advanceTimersByTime(stepMs);
      for (let turns = 0; turns < turnsAStep; turns++) await turn();
    }
  }

  stop(): void {
    vi.useRealTimers();
  }
}

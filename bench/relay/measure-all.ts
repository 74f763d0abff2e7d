import { Sender } from '../load/sender.ts';
import {
  countTraffic,
  measureRelay,
  measureTutorial,
  type Run,
  type RunOptions,
  type TrafficPerEvent,
} from './measure-run.ts';
import { planRuns, type RelayOptions, usualBytes } from './plan-runs.ts';
import { RelayStack } from './relay-stack.ts';
import { TutorialStack } from './tutorial-stack.ts';

/** What a run put on the network, for each event. */
export interface CountedRun extends Pick<RunOptions, 'rate' | 'bytes'> {
  traffic: TrafficPerEvent;
}

/** A large body says the same with fewer. */
const countedSeconds = 3;

export async function measureAll(
  options: RelayOptions,
  say: (what: string) => void,
): Promise<{ runs: Run[]; traffic: CountedRun[] }> {
  const sender = new Sender();
  try {
    const runs = [
      ...(await measureRelayRuns(sender, options, say)),
      ...(await measureTutorialRuns(sender, options, say)),
    ];
    return { runs, traffic: await countRuns(sender, options, say) };
  } finally {
    await sender.stop();
  }
}

async function measureRelayRuns(
  sender: Sender,
  options: RelayOptions,
  say: (what: string) => void,
): Promise<Run[]> {
  const stack = await RelayStack.start();
  try {
    const runs: Run[] = [];
    for (const run of planRuns(options)) {
      say(`the relay: ${describe(run)}`);
      runs.push(await measureRelay(stack, sender, run));
    }
    return runs;
  } finally {
    await stack.stop();
  }
}

async function measureTutorialRuns(
  sender: Sender,
  { rates, seconds }: RelayOptions,
  say: (what: string) => void,
): Promise<Run[]> {
  const stack = await TutorialStack.start();
  try {
    const runs: Run[] = [];
    for (const rate of rates) {
      const run = { rate, bytes: usualBytes, replicas: 1, seconds };
      say(`the tutorial's function: ${describe(run)}`);
      const measured = await measureTutorial(stack, sender, run);
      runs.push(measured);
      // At a higher rate, it would only be later.
      if (measured.refused + measured.missing > 0) break;
    }
    return runs;
  } finally {
    await stack.stop();
  }
}

/** On a stack with proxies, so that counting slows no other run. */
async function countRuns(
  sender: Sender,
  options: RelayOptions,
  say: (what: string) => void,
): Promise<CountedRun[]> {
  const stack = await RelayStack.start(true);
  try {
    const counted: CountedRun[] = [];
    for (const run of planRuns({ ...options, replicas: [1] })) {
      say(`requests and bytes: ${describe(run)}`);
      const traffic = await countTraffic(stack, sender, { ...run, seconds: countedSeconds });
      counted.push({ rate: run.rate, bytes: run.bytes, traffic });
    }
    return counted;
  } finally {
    await stack.stop();
  }
}

function describe({ rate, bytes, replicas, seconds }: RunOptions): string {
  return `${rate}/s of ${bytes} bytes, ${replicas} replicas, ${seconds} s`;
}

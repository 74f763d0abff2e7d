import { parseArgs } from 'node:util';
import { RelayError } from '../../shared/errors.ts';
import { type HealthAddress, readHealthAddress } from '../environment.ts';
import { openLog } from '../logs/open-log.ts';
import { maxBackoffMs } from '../pull/subscription.ts';
import { drained, type MessageCounts } from './drain.ts';
import { type DeliveryInFlight, type Readiness, startHealth } from './health.ts';

/** A running subscriber. */
export interface Subscriber extends MessageCounts {
  readonly rowsWritten: number;
  readonly deadLettersWritten: number;
  readonly readiness: Readiness;
  /** Undefined without a console, or while its port is taken. */
  readonly consolePort: number | undefined;
  /** A delivery that is in flight here. */
  find(deliveryId: string): DeliveryInFlight | undefined;
  /** Writes and acks what is in flight, nacks the rest, and closes; within `STOP_WITHIN_SECONDS`. */
  stop(): Promise<void>;
}

/** Starts the subscriber; `onFailure` is called when it can't go on. */
type Start = (onFailure: () => void) => Promise<Subscriber>;

const log = openLog();

const usage = 'node subscriber/main.ts [serve | drain [--quiet-seconds <n>]]';

/**
 * Runs one mode to its end.
 *
 * @param args the arguments after `main.ts`
 * @returns the exit code, 0 when it ended as it should
 */
export async function runMode(
  args: string[],
  environment: NodeJS.ProcessEnv,
  start: Start,
): Promise<number> {
  try {
    const { mode, quietMs } = readMode(args);
    return mode === 'drain'
      ? await drain(start, quietMs)
      : await serve(start, readHealthAddress(environment));
  } catch (error) {
    const { message, stack } = error as Error;
    const isKnown = error instanceof RelayError;
    log({ severity: 'ERROR', message, ...(isKnown ? { code: error.code } : { stack }) });
    return 1;
  }
}

interface Mode {
  mode: 'serve' | 'drain';
  quietMs: number;
}

function readMode(args: string[]): Mode {
  try {
    const options = { 'quiet-seconds': { type: 'string' } } as const;
    const { positionals, values } = parseArgs({ args, options, allowPositionals: true });
    const [mode = 'serve', ...more] = positionals;
    const seconds = Number(values['quiet-seconds'] ?? 10);
    if ((mode === 'serve' || mode === 'drain') && more.length === 0 && seconds > 0) {
      return { mode, quietMs: seconds * 1000 };
    }
  } catch {
    // An unknown option: the usage below is the answer to that, too.
  }
  throw new RelayError('arguments.invalid', `usage: ${usage}`);
}

/** Relays until SIGTERM or SIGINT, then stops. */
async function serve(start: Start, address: HealthAddress | undefined): Promise<number> {
  let readiness = (): Readiness => ({ isReady: false, problem: 'it is starting' });
  let running: Subscriber | undefined;
  const answering = {
    readiness: () => readiness(),
    inFlight: (deliveryId: string) => running?.find(deliveryId),
  };
  const health = address === undefined ? undefined : await startHealth(address, answering);
  if (health && address) {
    const { host } = address;
    log({ severity: 'INFO', message: 'health checks are answered', host, port: health.port });
  }
  const ended = untilEnded();
  const subscriber = await startedUnlessEnded(start, ended);
  if (subscriber) readiness = () => subscriber.readiness;
  running = subscriber;
  const exitCode = await ended.code;
  readiness = () => ({ isReady: false, problem: 'it is stopping' });
  await subscriber?.stop();
  health?.stop();
  return exitCode;
}

/** A start may wait for Google; what it has opened by then has nothing in flight and ends with the process. */
async function startedUnlessEnded(start: Start, ended: Ended): Promise<Subscriber | undefined> {
  return await Promise.race([start(ended.fail), ended.code.then(() => undefined)]);
}

/** A table may be slow, and an export takes minutes; but a job that makes no progress must end. */
const stuckAfterMs = 900_000;

/** Relays until the subscription is empty: for a scheduled job. */
async function drain(start: Start, quietMs: number): Promise<number> {
  const ended = untilEnded();
  const subscriber = await startedUnlessEnded(start, ended);
  if (!subscriber) {
    log({ severity: 'ERROR', message: 'stopped before it was ready' });
    return await ended.code;
  }
  const stopped = new AbortController();
  void ended.code.then(() => stopped.abort());
  const how = await drained(subscriber, {
    idleMs: quietMs,
    maxBackoffMs,
    stuckAfterMs,
    signal: stopped.signal,
  });
  await subscriber.stop();
  const { rowsWritten: rows, deadLettersWritten: dead_letters } = subscriber;
  if (how === 'empty') {
    log({ severity: 'INFO', message: 'the subscription is empty', rows, dead_letters });
    return 0;
  }
  const message =
    how === 'stuck' ? 'no message was acked for 15 minutes' : 'stopped before it was empty';
  log({ severity: 'ERROR', message, rows, dead_letters });
  return how === 'stuck' ? 1 : await ended.code;
}

interface Ended {
  /** Resolves to the exit code when there is a reason to end. */
  code: Promise<number>;
  fail: () => void;
}

/** Each signal counts once. */
function untilEnded(): Ended {
  const { promise: code, resolve } = Promise.withResolvers<number>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(0));
  return { code, fail: () => resolve(1) };
}

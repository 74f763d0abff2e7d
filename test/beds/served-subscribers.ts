import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import {
  type SubscriberBed,
  type SubscriberProcess,
  startSubscriberBed,
} from './subscriber-bed.ts';

export const patience = { timeout: 30_000 };

/** A bed for a test file, whose subscribers end after each test. */
export function serveSubscribers() {
  let bed: SubscriberBed;
  const running: SubscriberProcess[] = [];
  beforeAll(async () => {
    bed = await startSubscriberBed();
  }, 60_000);
  afterAll(() => bed.stop());
  afterEach(async () => {
    await Promise.all(running.splice(0).map((subscriber) => subscriber.kill('SIGTERM')));
  });
  return {
    get bed() {
      return bed;
    },
    running,
    async start(environment: NodeJS.ProcessEnv): Promise<SubscriberProcess> {
      const subscriber = bed.spawn(['serve'], environment);
      running.push(subscriber);
      await expect.poll(() => subscriber.output, patience).toContain('the subscriber is ready');
      return subscriber;
    },
  };
}

/** What a subscriber has logged of a collector. */
export function warningsOf(subscriber: SubscriberProcess): string[] {
  return subscriber.lines
    .filter(({ message }) => String(message).startsWith('the collector'))
    .map(({ severity }) => String(severity));
}

/** For NODE_OPTIONS: every module of OpenTelemetry that a process loads is printed. */
export const printModules = `--import data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  registerHooks({ load(url, context, next) {
    if (url.includes('@opentelemetry/')) process.stderr.write('loaded ' + url + '\\n');
    return next(url, context);
  } });`)}`;

import { randomUUID } from 'node:crypto';
import type { HrTime } from '@opentelemetry/api';
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import type { Log } from '../log.ts';
import { version } from '../service/version.ts';

// Loaded only where the environment asks for metrics or traces.

/** Without it, the series of two replicas are one to the collector. */
const instanceId = randomUUID();

/** `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` override what is known here. */
export function resourceOf(): Resource {
  const own = resourceFromAttributes({
    'service.name': 'tributary',
    'service.version': version,
    'service.instance.id': instanceId,
  });
  return defaultResource()
    .merge(own)
    .merge(detectResources({ detectors: [envDetector] }));
}

interface Exporter<Items> {
  export(items: Items, callback: (result: { code: number; error?: Error }) => void): void;
}

const succeeded = 0;

/**
 * Logs that the collector does not take what is exported once, and once that it does again.
 */
export function reportFailures<Items, Given extends Exporter<Items>>(
  exporter: Given & Exporter<Items>,
  messages: { failed: string; over: string },
  log: Log,
): Given {
  let isFailing = false;
  const begin = exporter.export.bind(exporter);
  exporter.export = (items, callback) =>
    begin(items, (result) => {
      const fails = result.code !== succeeded;
      if (fails && !isFailing) {
        log({ severity: 'WARNING', message: messages.failed, cause: result.error?.message });
      } else if (!fails && isFailing) {
        log({ severity: 'INFO', message: messages.over });
      }
      isFailing = fails;
      callback(result);
    });
  return exporter;
}

/** Seconds and nanoseconds. */
export function toHrTime(unixMs: number): HrTime {
  const seconds = Math.floor(unixMs / 1000);
  return [seconds, Math.round((unixMs - seconds * 1000) * 1e6)];
}

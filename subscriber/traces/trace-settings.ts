import { RelayError } from '../../shared/errors.ts';
import { checkOtlp, findEndpoint, millisecondsOf, wholeNumberOf } from '../otlp/otlp-settings.ts';

/** Where traces go and which, by the standard variables of OpenTelemetry. */
export interface TraceSettings {
  sampler: SamplerSettings;
  /** Of spans that wait to be sent. The exporter reads its endpoint, headers and timeout by itself. */
  batches: { maxQueue: number; maxBatch: number; delayMs: number; timeoutMs: number };
}

export interface SamplerSettings {
  /** What is decided where the sender has decided nothing; 0 is none and 1 is all. */
  ratio: number;
  /** Whether the sender's decision counts. */
  isParentBased: boolean;
}

const ratios: Readonly<Record<string, number | undefined>> = {
  always_on: 1,
  always_off: 0,
  traceidratio: undefined,
};
const parentBased = 'parentbased_';

/**
 * Reads `OTEL_TRACES_EXPORTER` and what belongs to it. Without it, an endpoint of OTLP turns OTLP on; nothing else
 * does.
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 *
 * @returns undefined if no traces are exported
 * @throws RelayError `environment.invalid`, naming everything that is wrong
 */
export function readTraceSettings(environment: NodeJS.ProcessEnv): TraceSettings | undefined {
  if (environment['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true') return undefined;
  const problems: string[] = [];
  const settings = isAskedFor(environment, problems) && {
    sampler: samplerOf(environment, problems),
    batches: batchesOf(environment, problems),
  };
  if (problems.length > 0) throw new RelayError('environment.invalid', problems.join('\n'));
  return settings || undefined;
}

function isAskedFor(environment: NodeJS.ProcessEnv, problems: string[]): boolean {
  const endpoint = findEndpoint('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', environment);
  const text = environment['OTEL_TRACES_EXPORTER']?.trim();
  if (text && text !== 'otlp' && text !== 'none') {
    problems.push(`OTEL_TRACES_EXPORTER is "${text}", and may be otlp or none`);
  }
  const isAsked = text ? text === 'otlp' : endpoint !== undefined;
  const protocol = environment['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'];
  if (isAsked) checkOtlp(endpoint, protocol, environment, problems);
  return isAsked;
}

function samplerOf(environment: NodeJS.ProcessEnv, problems: string[]): SamplerSettings {
  const name = environment['OTEL_TRACES_SAMPLER']?.trim() || `${parentBased}always_on`;
  const isParentBased = name.startsWith(parentBased);
  const root = isParentBased ? name.slice(parentBased.length) : name;
  if (!Object.hasOwn(ratios, root)) {
    const names = Object.keys(ratios);
    const all = [...names, ...names.map((one) => parentBased + one)].join(', ');
    problems.push(`OTEL_TRACES_SAMPLER is "${name}", and may be ${all}`);
  }
  return { ratio: ratios[root] ?? ratioOf(environment, problems), isParentBased };
}

function ratioOf(environment: NodeJS.ProcessEnv, problems: string[]): number {
  const text = environment['OTEL_TRACES_SAMPLER_ARG']?.trim();
  const ratio = text ? Number(text) : 1;
  if (!(ratio >= 0 && ratio <= 1)) {
    problems.push(`OTEL_TRACES_SAMPLER_ARG is "${text}", and must be a ratio from 0 to 1`);
  }
  return ratio;
}

/** The defaults are those of the standard. */
function batchesOf(environment: NodeJS.ProcessEnv, problems: string[]): TraceSettings['batches'] {
  const maxQueue = wholeNumberOf('OTEL_BSP_MAX_QUEUE_SIZE', 2048, environment, problems);
  const maxBatch = wholeNumberOf('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 512, environment, problems);
  return {
    maxQueue,
    maxBatch: Math.min(maxBatch, maxQueue),
    delayMs: millisecondsOf('OTEL_BSP_SCHEDULE_DELAY', 5000, environment, problems),
    timeoutMs: millisecondsOf('OTEL_BSP_EXPORT_TIMEOUT', 30_000, environment, problems),
  };
}

// What metrics and traces have in common, by the standard variables of OpenTelemetry:
// https://opentelemetry.io/docs/specs/otel/protocol/exporter/

/** A variable that is set, and its value. */
export interface OtlpEndpoint {
  name: string;
  url: string;
}

/** @param own the variable of the signal, which overrides the one of all signals */
export function findEndpoint(
  own: string,
  environment: NodeJS.ProcessEnv,
): OtlpEndpoint | undefined {
  const name = [own, 'OTEL_EXPORTER_OTLP_ENDPOINT'].find((one) => environment[one]);
  return name === undefined ? undefined : { name, url: environment[name] ?? '' };
}

/**
 * Checks what the exporter reads from the environment by itself.
 *
 * @param ownProtocol the signal's own, which overrides the one of all signals
 */
export function checkOtlp(
  endpoint: OtlpEndpoint | undefined,
  ownProtocol: string | undefined,
  environment: NodeJS.ProcessEnv,
  problems: string[],
): void {
  if (endpoint && !/^https?:$/.test(URL.parse(endpoint.url)?.protocol ?? '')) {
    // It is not printed: it may hold a password.
    problems.push(`${endpoint.name} must be a URL, such as http://localhost:4318`);
  }
  const protocol = ownProtocol || environment['OTEL_EXPORTER_OTLP_PROTOCOL'] || 'http/protobuf';
  if (protocol !== 'http/protobuf') {
    problems.push(
      `OTEL_EXPORTER_OTLP_PROTOCOL is "${protocol}", and only http/protobuf is supported, on port 4318 of most collectors`,
    );
  }
}

/** A timer of Node takes no longer time. */
const maxMilliseconds = 2 ** 31 - 1;

export function millisecondsOf(
  name: string,
  byDefault: number,
  environment: NodeJS.ProcessEnv,
  problems: string[],
): number {
  return wholeNumberOf(name, byDefault, environment, problems, {
    unit: ' of milliseconds',
    max: maxMilliseconds,
  });
}

export function wholeNumberOf(
  name: string,
  byDefault: number,
  environment: NodeJS.ProcessEnv,
  problems: string[],
  { unit = '', max = Number.MAX_SAFE_INTEGER } = {},
): number {
  const text = environment[name]?.trim();
  const value = text ? Number(text) : byDefault;
  if (!(Number.isInteger(value) && value > 0 && value <= max)) {
    problems.push(`${name} is "${text}", and must be a whole number${unit} above 0`);
  }
  return value;
}

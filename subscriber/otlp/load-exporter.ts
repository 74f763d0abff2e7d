import { createRequire } from 'node:module';
import { RelayError } from '../../shared/errors.ts';

/** What exports metrics and traces. Few projects need it, so the package does not bring it: 14 MB. */
export const exporterPackages = [
  '@opentelemetry/exporter-metrics-otlp-proto',
  '@opentelemetry/exporter-prometheus',
  '@opentelemetry/exporter-trace-otlp-proto',
  '@opentelemetry/resources',
  '@opentelemetry/sdk-metrics',
  '@opentelemetry/sdk-trace',
];

/**
 * Loads a module that imports them.
 *
 * @throws RelayError `environment.packages`, with the command that installs them
 */
export async function loadExporter<Module>(load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code !== 'ERR_MODULE_NOT_FOUND' || !message.includes('@opentelemetry/')) throw cause;
    const problem = `OTEL_* asks for metrics or traces, and the packages that export them are not installed: ${installCommand()}`;
    throw new RelayError('environment.packages', problem, { cause });
  }
}

/** The versions form one set, which this version of Tributary was tested with. */
function installCommand(): string {
  const manifest = createRequire(import.meta.url)('tributary-relay/package.json') as Record<
    string,
    Record<string, string>
  >;
  const versions = { ...manifest['dependencies'], ...manifest['peerDependencies'] };
  const packages = exporterPackages.map((name) => `${name}@${versions[name]}`);
  return `npm install --save-exact ${packages.join(' ')}`;
}

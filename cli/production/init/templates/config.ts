import { schemeOf } from '../../../../shared/signatures/schemes.ts';
import type { PlannedRelay } from '../answers.ts';

/** `tributary.config.ts`, with one stream. */
export function configText(plan: PlannedRelay): string {
  const { source, project, location, publicUrl, streamName, stream, relay } = plan;
  const names = ['defineRelay', source].toSorted().join(', ');
  const url =
    publicUrl === undefined
      ? ''
      : `\n  // The sender signs it: exactly as you gave it.\n  publicUrl: ${quoted(publicUrl)},`;
  const options = Object.entries(stream).map(([name, value]) => `      ${name}: ${quoted(value)},`);
  return `import { ${names} } from 'tributary-relay';

/** The streams that this relay serves. */
export const relay = defineRelay({
  // Holds the topic and the tables. The relay on this machine works with any name.
  project: ${quoted(project)},
  location: ${quoted(location)},${url}
  streams: {
    ${describeEndpoint(relay.streams.get(streamName))}
    ${/^\w+$/.test(streamName) ? streamName : quoted(streamName)}: ${source}({
${options.join('\n')}
    }),
  },
});
`;
}

function describeEndpoint(stream: ReturnType<PlannedRelay['relay']['streams']['get']>): string {
  if (!stream) return '';
  const { name, secrets } = stream;
  const [secret] = secrets;
  const shown = schemeOf(stream);
  if ('at' in shown && shown.at.from === 'path') {
    return `// Deliveries come to /${name}/<key>. The key is the secret ${secret}.`;
  }
  return `// Deliveries come to /${name}. The sender's secret is ${secret}.`;
}

function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
}

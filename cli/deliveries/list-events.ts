import { findSamples } from '../../local/samples/find-samples.ts';
import type { RelayStream } from '../../shared/config/config.ts';
import { terminalJson } from '../../shared/terminal-text.ts';
import { drawTable } from '../terminal/draw-table.ts';

/** The events that `send --event` takes, as a table or JSON. */
export function listEvents(stream: RelayStream, json: boolean): string {
  const samples = findSamples(stream).map(({ event, sender }) => ({ event, sender }));
  if (json) return terminalJson(`${JSON.stringify({ stream: stream.name, events: samples })}\n`);
  if (samples.length === 0) {
    return `${stream.name}: its sender is described in the config; --event takes any name.\n`;
  }
  return drawTable([
    ['event', 'sender'],
    ...samples.map(({ event, sender }) => [event, sender] as const),
  ]);
}

/** The stand-in for ABsmartly's API in its own process, forked with its options as the first message. */
import { startAbsmartly } from '../../../local/absmartly/main.ts';

process.on('SIGINT', () => {});
process.on('SIGTERM', () => process.exit(0));
process.on('disconnect', () => process.exit(0));
process.once('message', async (options: { port: number; apiKey: string }) => {
  const { port } = await startAbsmartly(options);
  process.send?.({ kind: 'ready', ports: { absmartly: port } });
});

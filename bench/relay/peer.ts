import { isInstalled } from '../edge/cpu.ts';

const peers = ['bento', 'redpanda-connect', 'benthos', 'rpk'];

/** Which other relay is installed. None has a config here that does the same, so none is measured. */
export function describePeer(): string {
  const installed = peers.filter(isInstalled);
  return installed.length === 0
    ? `absent: none of ${peers.join(', ')} is installed`
    : `installed, and not measured: ${installed.join(', ')}`;
}

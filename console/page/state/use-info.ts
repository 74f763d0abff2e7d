import type { SessionInfo } from '../../contract.ts';
import { session } from './session.ts';
import { useStore } from './store.ts';

const nobody: SessionInfo = {
  role: 'reader',
  isLocked: true,
  csrf: '',
  project: '',
  version: '',
  features: { query: false, replay: false, payloads: false, samples: false },
  streams: [],
};

/** Who we are, what the relay has and what may be done. */
export function useInfo(): SessionInfo {
  const state = useStore(session);
  return 'info' in state ? state.info : nobody;
}

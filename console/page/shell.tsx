import type { ComponentChildren } from 'preact';
import type { SessionInfo } from '../contract.ts';
import { useKeys } from './keys.tsx';
import { compact } from './parts/figures.ts';
import { State } from './parts/states.tsx';
import { connection, facts } from './state/live.ts';
import { useRoute } from './state/route.ts';
import { logOut } from './state/session.ts';
import { useStore } from './state/store.ts';
import { StreamNav } from './stream-nav.tsx';

/** The frame of every page: where one can go, and whether what is shown is live. */
export function Shell({ info, children }: { info: SessionInfo; children: ComponentChildren }) {
  const help = useKeys(info);
  const now = useStore(facts);
  const { path } = useRoute();
  const letters = now?.streams.reduce((sum, { deadLetters }) => sum + deadLetters, 0) ?? 0;
  const links = [
    ['/', 'Flow'],
    ['/refused', 'Refused'],
    ['/dead-letters', 'Dead letters', letters],
    ['/exports', 'Exports'],
    ...(info.features.query ? [['/query', 'Query'] as const] : []),
  ] as const;
  return (
    <div class="shell">
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="rail">
        <div class="brand">
          <a href="/" class="brand-name">
            Tributary
          </a>
          <span class="brand-project" title={`version ${info.version}`}>
            {info.project}
          </span>
        </div>
        <nav aria-label="Pages">
          <ul>
            {links.map(([to, text, figure]) => {
              const isHere = to === '/' ? path === '/' : path.startsWith(to);
              return (
                <li key={to}>
                  <a href={to} aria-current={isHere ? 'page' : undefined}>
                    {text}
                    {figure ? <span class="badge">{compact(figure)}</span> : null}
                  </a>
                </li>
              );
            })}
          </ul>
        </nav>
        <StreamNav streams={info.streams} />
        <footer class="rail-foot">
          <Connection />
          {info.role === 'reader' && <span class="faint">Read-only</span>}
          <span class="rail-actions">
            <button type="button" class="link" onClick={help.show}>
              Keys
            </button>
            {info.isLocked && (
              <button type="button" class="link" onClick={() => void logOut()}>
                Log out
              </button>
            )}
          </span>
        </footer>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      {help.dialog}
    </div>
  );
}

/** Nobody must take old figures for new ones. */
function Connection() {
  const state = useStore(connection);
  const [tone, text] = (
    {
      live: ['ok', 'Live'],
      connecting: ['busy', 'Connecting'],
      lost: ['bad', 'Lost; reconnecting'],
      paused: ['idle', 'Paused'],
    } as const
  )[state];
  return (
    <span role="status" class="connection">
      <State tone={tone}>{text}</State>
    </span>
  );
}

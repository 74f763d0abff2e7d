import { useEffect } from 'preact/hooks';
import { ExportsPage } from './exports-page.tsx';
import { FlowPage } from './flow/flow-page.tsx';
import { LetterPage } from './letters/letter-page.tsx';
import { LettersPage } from './letters/letters-page.tsx';
import { LoginForm } from './login.tsx';
import { Dialog } from './parts/controls.tsx';
import { Empty } from './parts/states.tsx';
import { QueryPage } from './query/query-page.tsx';
import { RefusedPage } from './refused-page.tsx';
import { Shell } from './shell.tsx';
import { startLive, stopLive } from './state/live.ts';
import { useRoute } from './state/route.ts';
import { loadSession, session } from './state/session.ts';
import { useStore } from './state/store.ts';
import { StreamPage } from './stream/stream-page.tsx';

/** Who we are decides what is shown; then the path does. */
export function App() {
  const state = useStore(session);
  const isOpen = state.kind === 'open';
  useEffect(() => void loadSession(), []);
  useEffect(() => {
    if (isOpen) startLive();
    else if (state.kind === 'locked' || state.kind === 'expired') stopLive();
  }, [isOpen, state.kind]);
  useEffect(() => {
    if (state.kind !== 'lost') return;
    const timer = setInterval(() => void loadSession(), 2000);
    return () => clearInterval(timer);
  }, [state.kind]);
  switch (state.kind) {
    case 'loading':
      return <div class="splash" role="status" aria-label="Loading" />;
    case 'lost':
      return (
        <main class="splash">
          <Empty title="The subscriber does not answer.">
            It may be starting. This page tries again by itself.
          </Empty>
        </main>
      );
    case 'locked':
      return (
        <main class="login">
          <h1>Tributary</h1>
          <LoginForm />
        </main>
      );
    default:
      return (
        <>
          <Shell info={state.info}>
            <Page />
          </Shell>
          {state.kind === 'expired' && (
            <Dialog title="Your session has ended">
              <p>Log in again: what you were doing goes on.</p>
              <LoginForm />
            </Dialog>
          )}
        </>
      );
  }
}

function Page() {
  const { path } = useRoute();
  const [, section = '', name = ''] = path.split('/');
  switch (section) {
    case '':
      return <FlowPage />;
    case 'streams':
      return <StreamPage key={name} name={name} />;
    case 'refused':
      return <RefusedPage />;
    case 'dead-letters':
      return name ? (
        <LetterPage key={name} id={path.slice('/dead-letters/'.length)} />
      ) : (
        <LettersPage />
      );
    case 'exports':
      return <ExportsPage />;
    case 'query':
      return <QueryPage />;
    default:
      return (
        <>
          <h1 tabIndex={-1}>Not found</h1>
          <Empty title="There is no such page.">
            <a href="/">Go to the flow</a>
          </Empty>
        </>
      );
  }
}

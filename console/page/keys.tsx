import { useEffect, useState } from 'preact/hooks';
import type { SessionInfo } from '../contract.ts';
import { Dialog } from './parts/controls.tsx';
import { navigate } from './state/route.ts';

const pages: Record<string, readonly [to: string, text: string]> = {
  f: ['/', 'Flow'],
  r: ['/refused', 'Refused'],
  d: ['/dead-letters', 'Dead letters'],
  e: ['/exports', 'Exports'],
  q: ['/query', 'Query'],
};

function isTyping(event: KeyboardEvent): boolean {
  const element = event.target as HTMLElement | null;
  return element?.matches?.('input, textarea, select, [contenteditable]') ?? false;
}

/** Keys of the whole console: `g` and a letter goes to a page, `/` searches, `?` shows the keys. */
export function useKeys({ features }: SessionInfo) {
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    let isGoing = false;
    const press = (event: KeyboardEvent) => {
      if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event)) return;
      if (isGoing && pages[event.key]) {
        const [to] = pages[event.key] ?? ['/'];
        if (to !== '/query' || features.query) navigate(to);
      } else if (event.key === '?') setOpen(true);
      else if (event.key === '/') {
        const field = document.querySelector<HTMLElement>('main [data-search], [data-search]');
        if (!field) return;
        event.preventDefault();
        field.focus();
      }
      isGoing = event.key === 'g';
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, [features.query]);
  const close = () => setOpen(false);
  const dialog = isOpen && (
    <Dialog title="Keys" onClose={close}>
      <dl class="keys">
        {Object.entries(pages).map(([key, [, text]]) => (
          <div key={key}>
            <dt>
              <kbd>g</kbd> <kbd>{key}</kbd>
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
        <div>
          <dt>
            <kbd>/</kbd>
          </dt>
          <dd>Search on this page</dd>
        </div>
        <div>
          <dt>
            <kbd>Ctrl</kbd> <kbd>Enter</kbd>
          </dt>
          <dd>Run the query, send the sample</dd>
        </div>
        <div>
          <dt>
            <kbd>Esc</kbd>
          </dt>
          <dd>Close a dialog</dd>
        </div>
      </dl>
      <p class="dialog-foot">
        <button type="button" onClick={close}>
          Close
        </button>
      </p>
    </Dialog>
  );
  return { show: () => setOpen(true), dialog };
}

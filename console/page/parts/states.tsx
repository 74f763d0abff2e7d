import type { ComponentChildren } from 'preact';
import type { ApiError } from '../state/api.ts';
import type { Tone } from './tone.ts';

const marks: Record<Tone, string> = { ok: '●', warn: '▲', bad: '■', idle: '○', busy: '◐' };

/** A state in colour, form and words. */
export function State({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return (
    <span class={`state ${tone}`}>
      <span class="mark" aria-hidden="true">
        {marks[tone]}
      </span>
      {children}
    </span>
  );
}

/** Nothing is here, and that is fine: says why, and what would fill it. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children && <div class="empty-text">{children}</div>}
    </div>
  );
}

/** The form of what is coming, so that nothing jumps. */
export function Loading({ lines = 6, label = 'Loading' }: { lines?: number; label?: string }) {
  return (
    <div class="loading" role="status" aria-label={label}>
      {Array.from({ length: lines }, (_, n) => (
        <span key={n} class={`bone w${(n * 7) % 5}`} />
      ))}
    </div>
  );
}

/** What is wrong, and the way on. */
export function Failed({ problem, retry }: { problem: ApiError; retry?: () => void }) {
  return (
    <div class="failed" role="alert">
      <p class="failed-title">{titles[problem.code] ?? 'This could not be loaded.'}</p>
      <p class="failed-text">{problem.message}</p>
      <p class="failed-foot">
        {retry && (
          <button type="button" onClick={retry}>
            Try again
          </button>
        )}
        <code>{problem.code}</code>
      </p>
    </div>
  );
}

const titles: Record<string, string> = {
  lost: 'The subscriber does not answer.',
  'google.unreachable': 'BigQuery does not answer.',
  masked: 'Payloads are masked.',
  off: 'This is switched off.',
  role: 'You may look, and change nothing.',
};

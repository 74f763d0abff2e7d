import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

/** Copies a text, and says so. */
export function Copy({
  text,
  label = 'Copy',
}: {
  text: string | (() => Promise<string>);
  label?: string;
}) {
  const [state, set] = useState<'idle' | 'copied' | 'failed'>('idle');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(typeof text === 'string' ? text : await text());
      set('copied');
    } catch {
      set('failed');
    }
    setTimeout(() => set('idle'), 1500);
  };
  return (
    <button type="button" class="small" onClick={() => void copy()}>
      <span aria-live="polite">
        {{ idle: label, copied: 'Copied', failed: 'Select and copy' }[state]}
      </span>
    </button>
  );
}

/** A field that reports what is typed, a moment after the last key. */
export function Search({
  value,
  label,
  placeholder,
  onChange,
}: {
  value: string;
  label: string;
  placeholder?: string;
  onChange: (text: string) => void;
}) {
  const [text, set] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => set(value), [value]);
  return (
    <input
      type="search"
      class="search"
      aria-label={label}
      placeholder={placeholder ?? label}
      value={text}
      data-search
      onInput={(event) => {
        const typed = event.currentTarget.value;
        set(typed);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => onChange(typed), 250);
      }}
    />
  );
}

export function Select({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: string;
  options: readonly (readonly [value: string, text: string])[];
  onChange: (value: string) => void;
}) {
  return (
    <select
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    >
      {options.map(([name, text]) => (
        <option key={name} value={name}>
          {text}
        </option>
      ))}
    </select>
  );
}

/** Tabs whose choice stands in the URL. */
export function Tabs({
  tabs,
  current,
  onChange,
}: {
  tabs: readonly (readonly [name: string, text: ComponentChildren])[];
  current: string;
  onChange: (name: string) => void;
}) {
  const move = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const at = tabs.findIndex(([name]) => name === current);
    const [next] = tabs[(at + step + tabs.length) % tabs.length] ?? [];
    if (next === undefined) return;
    onChange(next);
    (event.currentTarget as HTMLElement)
      .querySelector<HTMLElement>(`[data-tab="${next}"]`)
      ?.focus();
  };
  return (
    <div class="tabs" role="tablist" onKeyDown={move}>
      {tabs.map(([name, text]) => (
        <button
          key={name}
          type="button"
          role="tab"
          data-tab={name}
          id={`tab-${name}`}
          aria-selected={name === current}
          aria-controls="tabpanel"
          tabIndex={name === current ? 0 : -1}
          onClick={() => onChange(name)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}

/** A dialog of the browser's own: it keeps the focus and closes with Escape. */
export function Dialog({
  title,
  onClose,
  children,
}: {
  title: string;
  /** Absent where it may not be closed. */
  onClose?: () => void;
  children: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (!dialog.current?.open) dialog.current?.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby="dialog-title"
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
    >
      <h2 id="dialog-title">{title}</h2>
      {children}
    </dialog>
  );
}

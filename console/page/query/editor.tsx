import { useRef } from 'preact/hooks';
import { highlight } from './highlight.ts';

/** Beyond this the text is not coloured: typing must stay fast. */
const maxColoured = 20_000;

export interface EditorProps {
  value: string;
  onInput: (sql: string) => void;
  onRun: () => void;
}

/** A field for SQL, with its coloured text behind it. Tab leaves the field, as a keyboard user expects. */
export function Editor({ value, onInput, onRun }: EditorProps) {
  const back = useRef<HTMLPreElement>(null);
  return (
    <div class="sql-editor">
      <pre ref={back} aria-hidden="true">
        {value.length <= maxColoured
          ? highlight(value).map(([text, kind], n) => (
              <span key={n} class={`sql-${kind}`}>
                {text}
              </span>
            ))
          : value}
        {'\n'}
      </pre>
      <textarea
        aria-label="Statement"
        spellcheck={false}
        autocapitalize="off"
        autocomplete="off"
        value={value}
        data-search
        placeholder="SELECT …"
        onInput={(event) => onInput(event.currentTarget.value)}
        onScroll={(event) => {
          if (back.current) {
            back.current.scrollTop = event.currentTarget.scrollTop;
            back.current.scrollLeft = event.currentTarget.scrollLeft;
          }
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
          event.preventDefault();
          onRun();
        }}
      />
    </div>
  );
}

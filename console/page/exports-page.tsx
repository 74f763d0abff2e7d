import { useEffect } from 'preact/hooks';
import type { ExportInfo, LoadJob } from '../contract.ts';
import { Copy } from './parts/controls.tsx';
import { bytes, count, duration } from './parts/figures.ts';
import { Empty, Failed, Loading, State } from './parts/states.tsx';
import { Text } from './parts/text.tsx';
import { Ago, Time } from './parts/time.tsx';
import type { Tone } from './parts/tone.ts';
import { VirtualList } from './parts/virtual-list.tsx';
import { useResource } from './state/resource.ts';

interface ExportsAnswer {
  exports: ExportInfo[];
  jobs: LoadJob[];
}

const refreshMs = 2000;
const rowHeight = 34;

/** Files that webhooks announced: how far each is, its load job, its rows, its error. */
export function ExportsPage() {
  const { data, problem, reload } = useResource<ExportsAnswer>('/exports');
  useEffect(() => {
    document.title = 'Exports · Tributary';
    const timer = setInterval(() => !document.hidden && reload(), refreshMs);
    return () => clearInterval(timer);
  }, [reload]);
  return (
    <>
      <header class="page-head">
        <h1 tabIndex={-1}>Exports</h1>
        <p>
          Files of rows that webhooks announce. Each file is loaded once, however often it is
          announced.
        </p>
      </header>
      {problem && !data && <Failed problem={problem} retry={reload} />}
      {!data && !problem && <Loading lines={8} label="Reading the exports" />}
      {data && data.exports.length + data.jobs.length === 0 && (
        <Empty title="No export has been announced.">
          Its files, rows and load jobs appear here while it is loaded.
        </Empty>
      )}
      {data?.exports.map((one) => (
        <Export key={one.export} info={one} />
      ))}
      {data && data.jobs.length > 0 && <Jobs jobs={data.jobs} />}
    </>
  );
}

const states: Record<ExportInfo['state'], readonly [Tone, string]> = {
  'under way': ['busy', 'under way'],
  loaded: ['ok', 'loaded'],
  waiting: ['warn', 'will be tried again'],
  failed: ['bad', 'failed'],
};

function Export({ info }: { info: ExportInfo }) {
  const [tone, word] = states[info.state];
  return (
    <section class="panel" aria-label={`Export ${info.export}`}>
      <header>
        <h2 class="mono">
          <Text text={info.export} max={120} />
        </h2>
        <State tone={tone}>{word}</State>
        <span class="toolbar-end faint">
          {info.stream} → {info.table} · <Ago at={info.at} />
        </span>
      </header>
      {info.state === 'waiting' && (
        <p class="problem">
          <Text text={info.message} max={400} />
        </p>
      )}
      <ul class="export-files">
        {info.files.map(({ file, state, rows, bytes: done, of, job }) => (
          <li key={file}>
            <span class="mono cut">
              <Text text={file} max={80} />
            </span>
            <State tone={state.startsWith('loaded') ? 'ok' : 'busy'}>{state}</State>
            {rows !== undefined && <span class="num">{count(rows)} rows</span>}
            {done !== undefined && !state.startsWith('loaded') && (
              <span>
                {of ? (
                  <progress
                    max={of}
                    value={done}
                    aria-label={`${file}: ${bytes(done)} of ${bytes(of)}`}
                  />
                ) : (
                  bytes(done)
                )}
              </span>
            )}
            {job && (
              <span class="mono faint cut" title={job}>
                {job} <Copy text={job} />
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Jobs({ jobs }: { jobs: readonly LoadJob[] }) {
  return (
    <section class="panel flush" aria-labelledby="jobs-title">
      <header>
        <h2 id="jobs-title">Load jobs</h2>
        <span class="faint">as BigQuery lists them, of every replica</span>
      </header>
      <VirtualList
        count={jobs.length}
        rowHeight={rowHeight}
        label="Load jobs"
        maxHeight={`min(60vh, ${jobs.length * rowHeight + 36}px)`}
        head={
          <div class="grid-row head job-grid" role="row">
            {['Began', 'State', 'Table', 'Rows', 'Size', 'Took', 'Job'].map((text, n) => (
              <span key={text} role="columnheader" class={n > 2 && n < 6 ? 'num' : undefined}>
                {text}
              </span>
            ))}
          </div>
        }
        row={(n) => {
          const job = jobs[n];
          if (!job) return null;
          const tone: Tone = job.error ? 'bad' : job.state === 'done' ? 'ok' : 'busy';
          const took = job.startedAt && job.endedAt ? duration(job.endedAt - job.startedAt) : '–';
          return (
            <div class="grid-row job-grid" role="row" key={job.id}>
              <span role="cell">
                <Time at={job.startedAt} />
              </span>
              <span role="cell" title={job.error}>
                <State tone={tone}>
                  {job.error ? <Text text={`failed: ${job.error}`} max={80} /> : job.state}
                </State>
              </span>
              <span role="cell" class="mono cut">
                {job.table}
              </span>
              <span role="cell" class="num">
                {job.rows === undefined ? '–' : count(job.rows)}
              </span>
              <span role="cell" class="num">
                {job.bytes === undefined ? '–' : bytes(job.bytes)}
              </span>
              <span role="cell" class="num">
                {took}
              </span>
              <span role="cell" class="mono cut" title={job.id}>
                {job.id}
              </span>
            </div>
          );
        }}
      />
    </section>
  );
}

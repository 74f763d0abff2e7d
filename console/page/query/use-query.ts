import { useEffect, useRef, useState } from 'preact/hooks';
import type { QueryCheck, QueryRunInfo } from '../../contract.ts';
import { ApiError, api } from '../state/api.ts';

export interface Statement {
  sql: string;
  params: { name: string; type: string; value: string }[];
}

const checkAfterMs = 500;

/** Runs one statement at a time, and says what the one that is typed would read. */
export function useQuery(statement: Statement) {
  const [run, setRun] = useState<QueryRunInfo>();
  const [problem, setProblem] = useState<ApiError>();
  const [check, setCheck] = useState<QueryCheck>();
  const current = useRef(0);
  const id = useRef('');
  const text = JSON.stringify(statement);
  useEffect(() => {
    setCheck(undefined);
    if (statement.sql.trim() === '') return;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      api<QueryCheck>('/queries/check', {
        method: 'POST',
        body: statement,
        signal: abort.signal,
      }).then(setCheck, () => {});
    }, checkAfterMs);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text]);
  const start = async () => {
    current.current++;
    const own = current.current;
    setProblem(undefined);
    try {
      setRun({ id: '', state: 'running', startedAt: Date.now(), ms: 0 });
      let next = await api<QueryRunInfo>('/queries', { method: 'POST', body: statement });
      id.current = next.id;
      while (own === current.current) {
        setRun(next);
        if (next.state !== 'running') return;
        next = await api<QueryRunInfo>(`/queries/${next.id}`);
      }
    } catch (error) {
      if (own !== current.current) return;
      setRun(undefined);
      setProblem(
        error instanceof ApiError
          ? error
          : new ApiError(0, { code: 'unexpected', detail: String(error) }),
      );
    }
  };
  const cancel = async () => {
    if (run?.state !== 'running') return;
    current.current++;
    setRun({ ...run, state: 'cancelled', ms: Date.now() - run.startedAt });
    if (run.id) await api(`/queries/${run.id}`, { method: 'DELETE' }).catch(() => {});
  };
  const isReading = useRef(false);
  const more = async () => {
    if (!run?.next || isReading.current) return;
    isReading.current = true;
    const own = current.current;
    try {
      const page = await api<QueryRunInfo>(
        `/queries/${run.id}?page=${encodeURIComponent(run.next)}`,
      );
      if (own !== current.current) return;
      const before = run.rows?.length ?? 0;
      const { next: _, ...rest } = run;
      setRun({
        ...rest,
        rows: [...(run.rows ?? []), ...(page.rows ?? [])],
        cut: [
          ...(run.cut ?? []),
          ...(page.cut ?? []).map(([row, column]): [number, number] => [row + before, column]),
        ],
        ...(page.next !== undefined && { next: page.next }),
      });
    } catch (error) {
      if (error instanceof ApiError) setProblem(error);
    } finally {
      isReading.current = false;
    }
  };
  return { run, problem, check, start, cancel, more };
}

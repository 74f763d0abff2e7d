import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, api } from './api.ts';

export interface Resource<T> {
  data?: T;
  problem?: ApiError;
  isLoading: boolean;
  reload: () => void;
}

/**
 * What a path of the API answers. While it is read again the last answer stays.
 *
 * @param path undefined reads nothing
 */
export function useResource<T>(path: string | undefined): Resource<T> {
  const [state, set] = useState<{
    path?: string;
    data?: T;
    problem?: ApiError;
    isLoading: boolean;
  }>({
    isLoading: path !== undefined,
  });
  const [count, setCount] = useState(0);
  const current = useRef(path);
  current.current = path;
  useEffect(() => {
    if (path === undefined) return;
    const abort = new AbortController();
    set((before) => ({ ...(before.path === path && before), isLoading: true }));
    api<T>(path, { signal: abort.signal }).then(
      (data) => !abort.signal.aborted && set({ path, data, isLoading: false }),
      (error: unknown) => {
        if (abort.signal.aborted) return;
        const problem =
          error instanceof ApiError
            ? error
            : new ApiError(0, { code: 'unexpected', detail: String(error) });
        set((before) => ({ ...before, path, problem, isLoading: false }));
      },
    );
    return () => abort.abort();
  }, [path, count]);
  const reload = useCallback(() => setCount((n) => n + 1), []);
  // The answer of another path is not shown for this one.
  if (state.path !== path) return { isLoading: path !== undefined, reload };
  return { ...state, reload };
}

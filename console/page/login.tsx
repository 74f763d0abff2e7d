import { useState } from 'preact/hooks';
import { ApiError } from './state/api.ts';
import { logIn } from './state/session.ts';

/** The token is exchanged for a cookie that no script can read. */
export function LoginForm() {
  const [problem, setProblem] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const token = String(new FormData(form).get('token') ?? '');
    setBusy(true);
    setProblem(undefined);
    try {
      await logIn(token);
    } catch (error) {
      setProblem(error instanceof ApiError ? error.message : String(error));
      form.querySelector('input')?.select();
    } finally {
      setBusy(false);
    }
  };
  return (
    <form class="login-form" onSubmit={(event) => void submit(event as unknown as SubmitEvent)}>
      <label>
        Token
        <input
          name="token"
          type="password"
          autocomplete="current-password"
          required
          aria-invalid={problem !== undefined}
          aria-describedby="login-note"
        />
      </label>
      <button type="submit" class="primary" disabled={isBusy}>
        {isBusy ? 'Checking …' : 'Log in'}
      </button>
      <p id="login-note" class={problem ? 'problem' : 'note'} role={problem ? 'alert' : undefined}>
        {problem ?? 'It is CONSOLE_TOKEN, or CONSOLE_READ_TOKEN, of the subscriber.'}
      </p>
    </form>
  );
}

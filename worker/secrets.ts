/** The names of these are in the config, so the types of the bindings can't know them. */
export function readSecret(env: Env, name: string): string {
  const value = Object.hasOwn(env, name) ? (env as unknown as Record<string, unknown>)[name] : '';
  // A blank secret is what `wrangler secret put` stores when its input was empty: as good as none.
  return typeof value === 'string' && value.trim() !== '' ? value : '';
}

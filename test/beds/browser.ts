import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { it } from 'vitest';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = places.find((path) => existsSync(path));

/** Why there is no browser; absent where there is one. */
export const noBrowser =
  executablePath === undefined ? 'skipped: no Chromium is installed here' : undefined;

let browser: Promise<Browser> | undefined;

async function openBrowser(): Promise<Browser> {
  if (executablePath === undefined) throw new Error(noBrowser);
  // As root, as in CI, Chromium has no sandbox of its own.
  // A name of another site that is pointed at this machine, as DNS rebinding does.
  const rebound = '--host-resolver-rules=MAP evil.example 127.0.0.1';
  browser ??= chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', rebound] });
  return await browser;
}

export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
  browser = undefined;
}

export interface Visit {
  page: Page;
  context: BrowserContext;
  /** What the page complained about: its own errors, and what its CSP stopped. */
  errors: string[];
}

export async function openPage(options: Parameters<Browser['newContext']>[0] = {}): Promise<Visit> {
  const context = await (await openBrowser()).newContext({
    viewport: { width: 1280, height: 860 },
    ...options,
  });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', ({ message }) => errors.push(message));
  page.on('console', (line) => {
    // An answer of 4xx or 5xx is no error of the page.
    if (line.type() === 'error' && !line.text().startsWith('Failed to load resource'))
      errors.push(line.text());
  });
  return { page, context, errors };
}

/** `it`, for a test that needs a browser; skipped, and saying so, where there is none. */
export function itInBrowser(name: string, test: () => Promise<void>): void {
  if (noBrowser === undefined) it(name, test, 120_000);
  else it.skip(`${noBrowser} (${name})`, test);
}

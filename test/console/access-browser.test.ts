import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { closeBrowser, itInBrowser, noBrowser, openPage } from '../beds/browser.ts';
import { ConsoleBed } from '../beds/console-bed.ts';

const token = 'the-token-of-the-operators';
const readToken = 'the-token-of-the-readers';
const streams = `
  stock: generic({ scheme: 'endpoint-key', table: 'shop.stock', columns: {
    id: { type: 'STRING', from: '$.id' },
    amount: { type: 'INT64', from: '$.amount', required: true },
  } }),
`;

/** All ways that a page has to send a request to another origin; what it can see of the answers. */
const attack = `async (console) => {
  const read = async (path, init) => {
    try {
      return await (await fetch(console + path, init)).text();
    } catch {
      return 'blocked';
    }
  };
  const loads = (element) =>
    new Promise((resolve) => {
      element.addEventListener('load', () => resolve('loaded'));
      element.addEventListener('error', () => resolve('blocked'));
      document.body.append(element);
    });
  const make = (name, members) => Object.assign(document.createElement(name), members);
  const form = make('form', { method: 'POST', action: console + '/api/replays', target: 'out' });
  document.body.append(make('iframe', { name: 'out' }), form, make('iframe', { src: console + '/' }));
  form.submit();
  const body = JSON.stringify({ all: true });
  const plain = { method: 'POST', mode: 'no-cors', headers: { 'content-type': 'text/plain' }, body };
  return {
    letters: await read('/api/letters'),
    noCors: await read('/api/letters', { mode: 'no-cors' }),
    replay: await read('/api/replays', { method: 'POST', body }),
    plain: await read('/api/replays', plain),
    script: await loads(make('script', { src: console + '/api/letters' })),
    image: await loads(make('img', { src: console + '/api/session' })),
    events: await new Promise((resolve) => {
      const source = new EventSource(console + '/api/live');
      source.onopen = () => resolve('read');
      source.onerror = () => resolve('blocked');
    }),
  };
}`;

let open: ConsoleBed;
let locked: ConsoleBed;
let elsewhere: Server;

/** The URL of a page of another origin in the same browser. */
const otherOrigin = () => `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;

beforeAll(async () => {
  if (noBrowser !== undefined) return;
  elsewhere = createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>elsewhere</title>');
  });
  await once(elsewhere.listen(0, '127.0.0.1'), 'listening');
  [open, locked] = await Promise.all([
    ConsoleBed.start(streams),
    ConsoleBed.start(streams, { CONSOLE_TOKEN: token, CONSOLE_READ_TOKEN: readToken }),
  ]);
}, 120_000);

afterAll(async () => {
  await closeBrowser();
  elsewhere?.close();
  await Promise.all([open?.stop(), locked?.stop()]);
});

describe('access to the console', () => {
  itInBrowser('a form outlives its session', async () => {
    const { page, context } = await openPage();
    await page.goto(`${locked.url}/streams/stock?tab=send`);
    const logIn = async () => {
      await page.getByLabel('Token').fill(token);
      await page.getByRole('button', { name: 'Log in' }).click();
    };
    await logIn();
    await page.getByLabel('Body').fill('{"id":"kept","amount":7}');
    await context.clearCookies();
    await page.getByRole('button', { name: 'Sign and send' }).click();
    await page.getByText('Your session has ended').waitFor();
    await logIn();
    await page.getByText('It is a row').waitFor();
    expect(await page.getByLabel('Body').inputValue()).toContain('kept');
    await context.close();
  });

  itInBrowser('refuses a wrong token, limits the tries, logs in and out', async () => {
    const { page, context, errors } = await openPage();
    await page.goto(`${locked.url}/dead-letters`);
    const field = page.getByLabel('Token');
    const logIn = page.getByRole('button', { name: 'Log in' });
    await field.fill('a wrong token');
    await logIn.click();
    await page.getByText('This is not the token').waitFor();
    await field.fill(token);
    await logIn.click();
    // The page that was asked for.
    await page.getByRole('heading', { name: 'Dead letters' }).waitFor();
    const [cookie] = await context.cookies();
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
    expect(await page.evaluate('document.cookie')).toBe('');
    await page.getByRole('button', { name: 'Log out' }).click();
    await field.waitFor();
    expect((await page.request.get(`${locked.url}/api/letters`)).status()).toBe(401);

    for (let n = 0; n < 4; n++) {
      await field.fill(`wrong ${n}`);
      await logIn.click();
      await page.getByText('This is not the token').waitFor();
    }
    await field.fill(token);
    await logIn.click();
    await page.getByText(/Too many wrong tokens/).waitFor();
    expect(errors).toEqual([]);
    await context.close();
  });

  itInBrowser('a reader looks, and changes nothing', async () => {
    const { page, context } = await openPage();
    const { Sessions } = await import('../../console/access/sessions.ts');
    const { cookie } = new Sessions({ token, readToken }).begin('reader');
    await context.addCookies([{ name: 'tributary_session', value: cookie, url: locked.url }]);
    expect((await locked.post('stock', { id: 'x', amount: 'many' })).status).toBe(204);
    await page.goto(`${locked.url}/dead-letters`);
    await page.getByRole('button', { name: 'Dry-run all 1' }).waitFor();
    await page.getByText('Read-only').waitFor();
    expect(await page.getByRole('button', { name: /^Replay/ }).count()).toBe(0);
    const statuses = await page.evaluate(async () => {
      const { csrf } = (await (await fetch('/api/session')).json()) as { csrf: string };
      const ask = async (path: string, method: string) =>
        (
          await fetch(path, {
            method,
            headers: { 'x-csrf-token': csrf },
            ...(method === 'POST' && { body: '{"ids":["x"]}' }),
          })
        ).status;
      return [
        await ask('/api/replays', 'POST'),
        await ask('/api/replays/x', 'DELETE'),
        await ask('/api/streams/stock/samples/send', 'POST'),
        await ask('/api/streams/stock/samples', 'GET'),
      ];
    });
    expect(statuses).toEqual([403, 403, 403, 403]);
    await context.close();
  });

  itInBrowser('a page of another origin can neither read nor replay', async () => {
    const { page, context } = await openPage();
    expect((await open.post('stock', { id: 'x', amount: 'many' })).status).toBe(204);
    await page.goto(`${otherOrigin()}/`);
    const url = open.url;
    const seen = await page.evaluate(`(${attack})(${JSON.stringify(url)})`);
    expect(seen).toEqual({
      letters: 'blocked',
      noCors: expect.stringMatching(/^$|blocked/),
      replay: 'blocked',
      plain: expect.stringMatching(/^$|blocked/),
      script: 'blocked',
      image: 'blocked',
      events: 'blocked',
    });
    const replays = (await (await fetch(`${url}/api/replays`)).json()) as unknown[];
    expect(replays).toEqual([]);
    await context.close();
  });

  itInBrowser('a name that is pointed at this machine does not open it', async () => {
    const { page, context } = await openPage();
    const { port } = new URL(open.url);
    const rebound = `http://evil.example:${port}`;
    expect((await page.goto(`${rebound}/`))?.status()).toBe(421);
    const read = await page.evaluate<string>(
      "fetch('/api/letters').then((answer) => answer.text())",
    );
    expect(JSON.parse(read)).toMatchObject({ code: 'host' });
    expect((await page.goto(`http://localhost:${port}/`))?.status()).toBe(200);
    await context.close();
  });
});

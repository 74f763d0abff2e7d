import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Home, RelayProcess } from '../beds/relay-process.ts';

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

describe('tributary query', { timeout: 60_000 }, () => {
  const home = new Home();
  let relayProcess: RelayProcess;

  beforeAll(async () => {
    relayProcess = await RelayProcess.start(home);
  }, 60_000);

  afterAll(async () => {
    await relayProcess.interrupt();
    home.remove();
  });

  async function query(...args: string[]): Promise<{ status: number; out: string; err: string }> {
    const child = spawn(process.execPath, [main, 'query', '--state', home.state, ...args]);
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString();
    });
    const status = await new Promise<number>((resolve) => {
      child.on('close', (code) => resolve(code ?? -1));
    });
    return { status, out, err };
  }

  it('finds the stack that runs here, and prints in each format', async () => {
    const sql = "SELECT 9007199254740993 AS n, 'a' AS text";
    expect(await query(sql, '--format', 'json')).toEqual({
      status: 0,
      out: '[\n{"n":9007199254740993,"text":"a"}\n]\n',
      err: '',
    });
    expect((await query(sql, '--format', 'csv')).out).toBe('n,text\n9007199254740993,a\n');
    expect((await query(sql)).out).toMatch(/n .*text[\s\S]*9007199254740993 .*a/);
  });

  it('reads every page of a long result', async () => {
    const { out } = await query(
      'SELECT n FROM UNNEST(GENERATE_ARRAY(1, 25000)) AS n ORDER BY n',
      '--format',
      'csv',
    );
    const lines = out.trimEnd().split('\n');
    expect(lines).toHaveLength(25_001);
    expect(lines.at(-1)).toBe('25000');
  });

  it('shows what a sender sent, and no terminal obeys it', async () => {
    const osc = '\u001b]0;owned\u0007\u009b2J\u202e';
    const { CRM_KEY } = home.secrets;
    const sent = `{"event":"${osc}"}\r\n`;
    const url = `${relayProcess.edge}/crm/${CRM_KEY}`;
    expect((await fetch(url, { method: 'POST', body: sent })).ok).toBe(true);
    const sql = 'SELECT payload FROM `your-project.crm.orders`';
    await expect.poll(async () => (await query(sql)).out, { timeout: 30_000 }).toContain('owned');

    const named = `SELECT payload, '\\u001b]0;owned\\u0007' AS event_name FROM \`your-project.crm.orders\``;
    const unsafe = /[^\n\P{Cc}]|\p{Bidi_Control}/u;
    for (const text of [sql, named]) {
      const { status, out } = await query(text);
      expect(status).toBe(0);
      expect(out).toContain('\\u001b]0;owned\\u0007');
      expect(out).not.toMatch(unsafe);
    }
    const { out } = await query(sql, '--format', 'json');
    expect(out).not.toMatch(unsafe);
    expect(JSON.parse(out)).toEqual([{ payload: sent }]);
    expect((await query(sql, '--format', 'csv')).out).toContain(osc);
    const failed = await query(`SELECT * FROM \`your-project.crm.${osc}\``);
    expect(failed.status).toBe(1);
    expect(failed.err).not.toMatch(unsafe);
  });

  it.each([
    ['SELEC 1', 'SELEC'],
    ['SELECT * FROM `your-project.nowhere.nothing`', 'nowhere'],
  ])('says what is wrong with %s', async (sql, problem) => {
    const { status, out, err } = await query(sql);
    expect(status).toBe(1);
    expect(out).toBe('');
    expect(err).toContain(problem);
    expect(err).not.toContain('    at ');
  });
});

import { randomUUID } from 'node:crypto';
import { BigQueryError } from '../../errors.ts';
import { type Token, tokenize } from '../../sql/lexer.ts';
import { invalidQuery } from '../../sql/query-error.ts';
import { newDataset } from '../../tables/new-resource.ts';
import { dropTables } from '../ddl/run-ddl.ts';
import { locatedError } from '../located-error.ts';
import { ResultRows } from '../results/result-rows.ts';
import { runStatement } from '../run-statement.ts';
import type { QueryResult } from '../select.ts';
import type { Session } from '../session/session.ts';
import { runCall } from './call.ts';
import { executeImmediate } from './execute-immediate.ts';
import type { ScriptNode } from './script-tree.ts';
import { beginTransaction } from './transaction.ts';
import {
  assign,
  assignRow,
  declare,
  evaluate,
  evaluateTrue,
  forEachRow,
  setSystem,
} from './values.ts';

/** A statement that a script has run. */
export interface ChildStatement {
  sql: string;
  startTime: number;
  endTime: number;
  result?: QueryResult;
  error?: unknown;
}

export interface ScriptOptions {
  onStatement(child: ChildStatement): void;
}

class Jump {
  readonly what: 'BREAK' | 'CONTINUE' | 'RETURN';
  readonly label: string | undefined;

  constructor(what: Jump['what'], label?: string) {
    this.what = what;
    this.label = label;
  }
}

/** Runs the statements of a script in turn. Its result is that of the last query. */
export class ScriptRunner {
  readonly #session: Session;
  readonly #options: ScriptOptions;
  #result: QueryResult | undefined;
  #error: BigQueryError | undefined;

  constructor(session: Session, options: ScriptOptions) {
    this.#session = session;
    this.#options = options;
  }

  async run(nodes: readonly ScriptNode[]): Promise<QueryResult> {
    const session = this.#session;
    const scratch = {
      projectId: session.scope.projectId,
      datasetId: `_script${randomUUID().replaceAll('-', '')}`,
    };
    const makesTables = session.sql.match(/\btemp(?:orary)?\b/i) !== null;
    if (makesTables) {
      await session.store.createDataset(newDataset(scratch));
      session.scratch = scratch;
    }
    try {
      const jump = await this.#block(nodes);
      if (jump !== undefined && jump.what !== 'RETURN')
        throw invalidQuery(`${jump.what} is only allowed inside of a loop`);
      return this.#result ?? { statementType: 'SCRIPT', schema: [], rows: ResultRows.none() };
    } finally {
      await session.transaction?.end(false);
      session.transaction = undefined;
      if (makesTables) {
        await dropTables(session.store, scratch);
        await session.store.deleteDataset(scratch);
      }
    }
  }

  async #block(nodes: readonly ScriptNode[]): Promise<Jump | undefined> {
    for (const node of nodes) {
      const jump = await this.#node(node);
      if (jump !== undefined) return jump;
    }
    return undefined;
  }

  async #node(node: ScriptNode): Promise<Jump | undefined> {
    const session = this.#session;
    switch (node.kind) {
      case 'statement':
        await this.#statement(node.tokens);
        return undefined;
      case 'declare':
        await declare(session, node);
        return undefined;
      case 'set':
        if (node.isSystem) await setSystem(session, node.targets[0] ?? '', node.value);
        else if (node.isTuple) await assignRow(session, node.targets, node.value);
        else await assign(session, node.targets[0] ?? '', await evaluate(session, node.value));
        return undefined;
      case 'if':
        for (const { condition, body } of node.branches) {
          if (await evaluateTrue(session, condition)) return this.#block(body);
        }
        return this.#block(node.otherwise);
      case 'case':
        return this.#case(node);
      case 'loop':
        return this.#loop(node, async () => true);
      case 'while':
        return this.#loop(node, () => evaluateTrue(session, node.condition));
      case 'repeat':
        return this.#repeat(node);
      case 'for':
        return this.#for(node);
      case 'block':
        return this.#tried(node);
      case 'jump':
        return new Jump(node.what, node.label);
      case 'return':
        return new Jump('RETURN');
      case 'raise':
        return this.#raise(node);
      case 'execute':
        await executeImmediate(session, node, (inner, tokens) => this.#run(inner, tokens));
        return undefined;
      case 'call':
        await runCall(session, node, (inner, nodes) =>
          new ScriptRunner(inner, this.#options).#procedure(nodes),
        );
        return undefined;
      case 'transaction':
        await this.#transaction(node.what);
        return undefined;
    }
  }

  async #procedure(nodes: readonly ScriptNode[]): Promise<void> {
    await this.#block(nodes);
  }

  async #statement(tokens: Token[]): Promise<void> {
    await this.#run(this.#session, tokens);
  }

  async #run(session: Session, tokens: Token[]): Promise<QueryResult> {
    const startTime = Date.now();
    const sql = session.sql.slice(tokens[0]?.start, tokens.at(-1)?.end);
    const child = (more: Partial<ChildStatement>) => {
      this.#options.onStatement({ sql, startTime, endTime: Date.now(), ...more });
    };
    try {
      session.now = BigInt(Date.now()) * 1000n;
      const result = await runStatement(session, tokens);
      child({ result });
      if (result.statementType === 'SELECT') this.#result = result;
      if (result.affectedRows !== undefined) {
        this.#session.systemVariables.set('row_count', String(result.affectedRows));
      }
      return result;
    } catch (cause) {
      const error = locatedError(cause, session.sql, tokens);
      child({ error });
      throw error;
    }
  }

  async #case(node: Extract<ScriptNode, { kind: 'case' }>): Promise<Jump | undefined> {
    for (const { condition, body } of node.branches) {
      const tokens = node.subject === undefined ? condition : equals(node.subject, condition);
      if (await evaluateTrue(this.#session, tokens)) return this.#block(body);
    }
    return node.otherwise ? this.#block(node.otherwise) : undefined;
  }

  async #loop(
    node: { label?: string; body: readonly ScriptNode[] },
    goesOn: () => Promise<boolean>,
  ): Promise<Jump | undefined> {
    while (await goesOn()) {
      const jump = await this.#block(node.body);
      const after = leave(jump, node.label);
      if (after !== 'again') return after === 'out' ? undefined : after;
    }
    return undefined;
  }

  async #repeat(node: Extract<ScriptNode, { kind: 'repeat' }>): Promise<Jump | undefined> {
    let first = true;
    return this.#loop(node, async () => {
      if (first) {
        first = false;
        return true;
      }
      return !(await evaluateTrue(this.#session, node.until));
    });
  }

  async #for(node: Extract<ScriptNode, { kind: 'for' }>): Promise<Jump | undefined> {
    let outcome: Jump | undefined;
    await forEachRow(this.#session, node.name, node.query, async () => {
      const after = leave(await this.#block(node.body), node.label);
      if (after === 'again') return true;
      if (after !== 'out') outcome = after;
      return false;
    });
    return outcome;
  }

  /** Variables of the block end with it. */
  async #tried(node: Extract<ScriptNode, { kind: 'block' }>): Promise<Jump | undefined> {
    const outer = new Set(this.#session.variables.keys());
    const forget = () => {
      for (const name of this.#session.variables.keys())
        if (!outer.has(name)) this.#session.variables.delete(name);
    };
    try {
      const jump = await this.#block(node.body);
      forget();
      if (jump?.what === 'BREAK' && jump.label !== undefined && jump.label === node.label)
        return undefined;
      return jump;
    } catch (cause) {
      forget();
      if (node.handler === undefined || !(cause instanceof BigQueryError)) throw cause;
      return this.#handle(cause, node.handler);
    }
  }

  async #handle(error: BigQueryError, handler: readonly ScriptNode[]): Promise<Jump | undefined> {
    const { systemVariables } = this.#session;
    const before = this.#error;
    this.#error = error;
    systemVariables.set('error.message', error.message);
    systemVariables.set('error.statement_text', this.#session.sql);
    systemVariables.set('error.formatted_stack_trace', '');
    try {
      return await this.#block(handler);
    } finally {
      this.#error = before;
      for (const key of ['error.message', 'error.statement_text', 'error.formatted_stack_trace'])
        systemVariables.delete(key);
    }
  }

  async #raise(node: Extract<ScriptNode, { kind: 'raise' }>): Promise<never> {
    if (node.message === undefined) {
      throw (
        this.#error ??
        invalidQuery('Cannot re-raise an existing exception outside of an exception handler')
      );
    }
    const { value } = await evaluate(this.#session, node.message);
    throw new BigQueryError('invalidQuery', String(value), { location: 'query' });
  }

  async #transaction(what: 'BEGIN' | 'COMMIT' | 'ROLLBACK'): Promise<void> {
    const session = this.#session;
    if (what === 'BEGIN') {
      if (session.transaction !== undefined)
        throw invalidQuery('Transaction is already in progress');
      session.transaction = await beginTransaction(session.store);
      return;
    }
    const open = session.transaction;
    if (open === undefined) throw invalidQuery(`Cannot ${what} without a transaction in progress`);
    session.transaction = undefined;
    await open.end(what === 'COMMIT');
  }
}

/** What a loop does after its body: another turn, its end, or a jump of an outer loop. */
function leave(jump: Jump | undefined, label: string | undefined): 'again' | 'out' | Jump {
  if (jump === undefined) return 'again';
  if (jump.what === 'RETURN' || (jump.label !== undefined && jump.label !== label)) return jump;
  return jump.what === 'BREAK' ? 'out' : 'again';
}

function equals(a: readonly Token[], b: readonly Token[]): Token[] {
  const [sign] = tokenize('=');
  const [open, close] = tokenize('()');
  return [open, ...a, close, sign, open, ...b, close].filter((token) => token !== undefined);
}

import type { Token } from '../../sql/lexer.ts';
import { tokenize } from '../../sql/lexer.ts';
import { invalidQuery } from '../../sql/query-error.ts';
import { scalar } from '../../sql/types.ts';
import type { QueryResult } from '../select.ts';
import { runScalar, selectSql } from '../select.ts';
import type { Session } from '../session/session.ts';
import type { ScriptNode } from './script-tree.ts';
import { assign, evaluate, type Value } from './values.ts';

type Run = (session: Session, tokens: Token[]) => Promise<QueryResult>;

/** Runs the statement that an expression gives. Its parameters are the variables after USING. */
export async function executeImmediate(
  session: Session,
  node: Extract<ScriptNode, { kind: 'execute' }>,
  run: Run,
): Promise<void> {
  const { value } = await evaluate(session, node.text, scalar('STRING'));
  if (value === null) throw invalidQuery('EXECUTE IMMEDIATE sql string cannot be NULL', node.pos);
  const sql = String(value);
  const named = new Map<string, Value>();
  const positional: Value[] = [];
  for (const { name, value: tokens } of node.using) {
    const own = await evaluate(session, tokens);
    if (name === undefined) positional.push(own);
    else named.set(name, own);
  }
  const tokens = tokenize(sql).filter(
    (token, index, all) =>
      !(token.text === ';' && token.kind === 'symbol' && index === all.length - 1),
  );
  const inner = withParameters(session, sql, tokens, named, positional);
  if (node.into.length === 0) {
    await run(inner, tokens);
    return;
  }
  const select = selectSql(inner, tokens);
  if (select.columns.length !== node.into.length) {
    throw invalidQuery(
      `EXECUTE IMMEDIATE INTO expects ${node.into.length} columns, but the query has ${select.columns.length}`,
      node.pos,
    );
  }
  for (const [index, name] of node.into.entries()) {
    const column = select.columns[index];
    const { value: own, duckType } = await runScalar(
      inner,
      tokens,
      `SELECT "${column?.sqlName}" FROM (${select.sql})`,
    );
    await assign(session, name, { type: column?.type ?? scalar('INT64'), value: own, duckType });
  }
}

/** Each `@x` and `?` is read as a variable of the inner statement. */
function withParameters(
  session: Session,
  sql: string,
  tokens: Token[],
  named: ReadonlyMap<string, Value>,
  positional: readonly Value[],
): Session {
  const variables = new Map(session.variables);
  let count = 0;
  tokens.forEach((token, index) => {
    if (token.kind !== 'parameter') return;
    const value = token.text === '' ? positional[count] : named.get(token.text.toLowerCase());
    const name =
      token.text === '' ? `_positional_${count++}` : `_named_${token.text.toLowerCase()}`;
    if (value === undefined)
      throw invalidQuery(
        `Query parameter ${token.text === '' ? `at position ${count}` : `'${token.text}'`} not found`,
      );
    variables.set(name, {
      type: value.type,
      value: value.value,
      ...(value.duckType && { duckType: value.duckType }),
    });
    tokens[index] = { ...token, kind: 'quoted', text: name };
  });
  return { ...session, sql, variables };
}

import { tokenize } from '../../sql/lexer.ts';
import { invalidQuery } from '../../sql/query-error.ts';
import { tableRef } from '../session/names.ts';
import { typeOfText } from '../session/routines.ts';
import type { Session } from '../session/session.ts';
import { parseScript } from './parse-script.ts';
import type { ScriptNode } from './script-tree.ts';
import { assign, evaluate } from './values.ts';

/** Runs a procedure. OUT and INOUT parameters are written back to the caller's variables. */
export async function runCall(
  session: Session,
  node: Extract<ScriptNode, { kind: 'call' }>,
  run: (inner: Session, nodes: ScriptNode[]) => Promise<void>,
): Promise<void> {
  const { tableId: routineId, ...dataset } = tableRef(node.path, session.scope);
  const procedure = session.store.routines.require({ ...dataset, routineId });
  if (procedure.routineType !== 'PROCEDURE')
    throw invalidQuery(`${routineId} is not a procedure`, node.pos);
  if (node.args.length !== procedure.arguments.length) {
    throw invalidQuery(
      `Procedure ${routineId} takes ${procedure.arguments.length} arguments, not ${node.args.length}`,
      node.pos,
    );
  }
  const inner: Session = { ...session, sql: procedure.definition, variables: new Map() };
  for (const [index, { name, type, mode }] of procedure.arguments.entries()) {
    const tokens = node.args[index] ?? [];
    const wanted = type === undefined ? undefined : typeOfText(type);
    const given = mode === 'OUT' ? undefined : await evaluate(session, tokens, wanted);
    const own = wanted ?? given?.type;
    if (own === undefined) throw invalidQuery(`Parameter ${name} has no type`, node.pos);
    inner.variables.set(name.toLowerCase(), {
      type: own,
      value: given?.value ?? null,
      ...(given?.duckType && { duckType: given.duckType }),
    });
  }
  await run(inner, parseScript(tokenize(procedure.definition)));
  for (const [index, { name, mode }] of procedure.arguments.entries()) {
    const result = inner.variables.get(name.toLowerCase());
    const target = node.args[index]?.[0]?.text.toLowerCase() ?? '';
    if ((mode === 'OUT' || mode === 'INOUT') && result !== undefined)
      await assign(session, target, result);
  }
}

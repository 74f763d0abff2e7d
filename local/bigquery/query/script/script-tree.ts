import type { Token } from '../../sql/lexer.ts';

/** A statement of a script, with the tokens of its parts. */
export type ScriptNode = { pos: number } & (
  | { kind: 'statement'; tokens: Token[] }
  | { kind: 'declare'; names: string[]; type?: Token[]; value?: Token[] }
  | { kind: 'set'; targets: string[]; value: Token[]; isTuple: boolean; isSystem: boolean }
  | { kind: 'if'; branches: { condition: Token[]; body: ScriptNode[] }[]; otherwise: ScriptNode[] }
  | {
      kind: 'case';
      subject?: Token[];
      branches: { condition: Token[]; body: ScriptNode[] }[];
      otherwise?: ScriptNode[];
    }
  | { kind: 'loop'; label?: string; body: ScriptNode[] }
  | { kind: 'while'; label?: string; condition: Token[]; body: ScriptNode[] }
  | { kind: 'repeat'; label?: string; until: Token[]; body: ScriptNode[] }
  | { kind: 'for'; label?: string; name: string; query: Token[]; body: ScriptNode[] }
  | { kind: 'block'; label?: string; body: ScriptNode[]; handler?: ScriptNode[] }
  | { kind: 'jump'; what: 'BREAK' | 'CONTINUE'; label?: string }
  | { kind: 'return' }
  | { kind: 'raise'; message?: Token[] }
  | { kind: 'execute'; text: Token[]; into: string[]; using: { name?: string; value: Token[] }[] }
  | { kind: 'call'; path: string[]; args: Token[][] }
  | { kind: 'transaction'; what: 'BEGIN' | 'COMMIT' | 'ROLLBACK' }
);

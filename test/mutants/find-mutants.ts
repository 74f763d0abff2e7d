import { parseAst } from 'vitest/node';

/** One small fault: `from` at `start` becomes `to`. */
export interface Mutant {
  id: number;
  file: string;
  line: number;
  start: number;
  end: number;
  /** An expression is replaced by another; a statement is left out. */
  kind: 'expression' | 'statement';
  operator: Operator;
  from: string;
  to: string;
}

type Operator =
  | 'arithmetic'
  | 'array'
  | 'assignment'
  | 'boolean'
  | 'comparison'
  | 'condition'
  | 'logical'
  | 'method'
  | 'object'
  | 'optional chaining'
  | 'return value'
  | 'statement'
  | 'string'
  | 'unary';

type Found = Omit<Mutant, 'id' | 'file' | 'line'>;

interface Node {
  type: string;
  start: number;
  end: number;
  [name: string]: unknown;
}

const swaps: Record<string, readonly [Operator, ...string[]]> = {
  '<': ['comparison', '<=', '>='],
  '<=': ['comparison', '<', '>'],
  '>': ['comparison', '>=', '<='],
  '>=': ['comparison', '>', '<'],
  '===': ['comparison', '!=='],
  '!==': ['comparison', '==='],
  '+': ['arithmetic', '-'],
  '-': ['arithmetic', '+'],
  '*': ['arithmetic', '/'],
  '/': ['arithmetic', '*'],
  '%': ['arithmetic', '*'],
  '&': ['arithmetic', '|'],
  '|': ['arithmetic', '&'],
  '^': ['arithmetic', '&'],
  '<<': ['arithmetic', '>>'],
  '>>': ['arithmetic', '<<'],
  '>>>': ['arithmetic', '<<'],
  '&&': ['logical', '||'],
  '||': ['logical', '&&'],
  '??': ['logical', '&&'],
  '+=': ['assignment', '-='],
  '-=': ['assignment', '+='],
  '*=': ['assignment', '/='],
  '??=': ['assignment', '='],
  '||=': ['assignment', '&&='],
  '++': ['unary', '--'],
  '--': ['unary', '++'],
};

/** Methods, and what stands in their place; nothing: the object itself. */
const methods: Record<string, string | undefined> = {
  startsWith: 'endsWith',
  endsWith: 'startsWith',
  toUpperCase: 'toLowerCase',
  toLowerCase: 'toUpperCase',
  some: 'every',
  every: 'some',
  min: 'max',
  max: 'min',
  trim: undefined,
  trimStart: undefined,
  trimEnd: undefined,
  slice: undefined,
  filter: undefined,
  toSorted: undefined,
  toReversed: undefined,
};

/** Parts of a node in which nothing runs, or where a literal is a name. */
const unread: Record<string, readonly string[]> = {
  ImportDeclaration: ['source', 'specifiers', 'attributes'],
  ExportAllDeclaration: ['source', 'attributes'],
  ExportNamedDeclaration: ['source', 'specifiers', 'attributes'],
  TaggedTemplateExpression: ['quasi'],
};

const named = new Set(['Property', 'MethodDefinition', 'PropertyDefinition', 'MemberExpression']);

const typed = new Set([
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
  'TSInstantiationExpression',
]);

/** Words for people: tests hold what they say about, not their spelling. */
const prose = /\S\s+\S+\s+\S/;

/** Every mutant of a TypeScript file, in the order of its text. Without ids. */
export function findMutants(text: string): Found[] {
  const found: Found[] = [];
  const source = ({ start, end }: Node) => text.slice(start, end);

  const add = (node: Node, operator: Operator, to: string, kind: Found['kind'] = 'expression') =>
    found.push({ start: node.start, end: node.end, kind, operator, from: source(node), to });

  const visitors: Record<string, (node: Node) => void> = {
    BinaryExpression: (node) => swapped(node),
    LogicalExpression: (node) => swapped(node),
    AssignmentExpression: (node) => swapped(node),
    UpdateExpression(node) {
      const [, other] = swaps[node['operator'] as string] ?? [];
      const name = source(node['argument'] as Node);
      if (other) add(node, 'unary', node['prefix'] ? other + name : name + other);
    },
    UnaryExpression(node) {
      const sign = node['operator'];
      if (sign === '!' || sign === '-') add(node, 'unary', source(node['argument'] as Node));
    },
    Literal(node) {
      const value = node['value'];
      if (typeof value === 'boolean') add(node, 'boolean', String(!value));
      if (typeof value === 'string' && !prose.test(value)) {
        add(node, 'string', value === '' ? "'mutant'" : "''");
      }
    },
    TemplateLiteral(node) {
      if (node.end - node.start > 2 && !prose.test(source(node))) add(node, 'string', "''");
    },
    ArrayExpression(node) {
      add(node, 'array', (node['elements'] as Node[]).length > 0 ? '[]' : "['mutant']");
    },
    ObjectExpression(node) {
      if ((node['properties'] as Node[]).length > 0) add(node, 'object', '{}');
    },
    IfStatement: (node) => both(node['test'] as Node),
    ConditionalExpression: (node) => both(node['test'] as Node),
    WhileStatement: (node) => add(node['test'] as Node, 'condition', 'false'),
    ForStatement(node) {
      if (node['test']) add(node['test'] as Node, 'condition', 'false');
    },
    ChainExpression: optional,
    CallExpression: otherMethod,
    ReturnStatement: (node) => returned(node['argument'] as Node | null),
    ArrowFunctionExpression(node) {
      const body = node['body'] as Node;
      if (body.type !== 'BlockStatement') returned(body);
    },
    ExpressionStatement(node) {
      const { type, callee } = node['expression'] as Node;
      const isSuper = type === 'CallExpression' && (callee as Node).type === 'Super';
      if (type !== 'Literal' && !isSuper) add(node, 'statement', ';', 'statement');
    },
    ThrowStatement: (node) => void add(node, 'statement', ';', 'statement'),
  };

  function swapped(node: Node): void {
    const [operator, ...others] = swaps[node['operator'] as string] ?? [];
    const [left, right] = [node['left'] as Node, node['right'] as Node];
    // A text minus a text is no fault that anyone would make.
    const isText = [left, right].some(
      (side) => side.type === 'TemplateLiteral' || typeof side['value'] === 'string',
    );
    if (!operator || (operator === 'arithmetic' && isText)) return;
    const target = operator === 'assignment' ? source(left) : `(${source(left)})`;
    for (const other of others) add(node, operator, `${target} ${other} (${source(right)})`);
  }

  function both(test: Node): void {
    add(test, 'condition', 'true');
    add(test, 'condition', 'false');
  }

  function returned(value: Node | null): void {
    const plain = /^(Call|Await|Member|New|Chain)Expression$|^Identifier$/;
    if (value && plain.test(value.type) && source(value) !== 'undefined') {
      add(value, 'return value', 'undefined');
    }
  }

  function optional(chain: Node): void {
    for (const { index } of source(chain).matchAll(/\?\.(?=\D)/g)) {
      const [head, tail] = [source(chain).slice(0, index), source(chain).slice(index + 2)];
      add(chain, 'optional chaining', `${head}${/^[[(]/.test(tail) ? '' : '.'}${tail}`);
    }
  }

  function otherMethod(call: Node): void {
    const callee = call['callee'] as Node;
    const property = callee['property'] as Node | undefined;
    if (callee.type !== 'MemberExpression' || callee['optional'] || !property) return;
    const name = source(property);
    if (callee['computed'] || !Object.hasOwn(methods, name)) return;
    const other = methods[name];
    const object = source(callee['object'] as Node);
    const rest = text.slice(property.end, call.end);
    add(call, 'method', other === undefined ? object : `(${object}).${other}${rest}`);
  }

  function visit(node: Node): void {
    if (node.type.startsWith('TS') && !typed.has(node.type)) return;
    visitors[node.type]?.(node);
    for (const [name, value] of Object.entries(node)) {
      if (unread[node.type]?.includes(name)) continue;
      if ((name === 'key' || name === 'property') && named.has(node.type) && !node['computed']) {
        continue;
      }
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child);
    }
  }

  visit(parseAst(text, { lang: 'ts' }) as unknown as Node);
  return found.toSorted((a, b) => a.start - b.start || b.end - a.end);
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

import type { Call, Expression, Query } from '../parse/trees/tree.ts';
import type { Analysis, Environment } from './analysis.ts';
import { analyseCall } from './calls/calls.ts';
import { analyseQuery } from './queries/queries.ts';
import type { Relation, Scope } from './scope.ts';
import type { Typed } from './typed.ts';
import { analyseExpression } from './values/expressions.ts';

/** Translates the parts of one statement. */
export class Analyser implements Analysis {
  readonly environment: Environment;
  aggregates = 0;
  #count = 0;

  constructor(environment: Environment) {
    this.environment = environment;
  }

  fresh(prefix: string): string {
    this.#count += 1;
    return `_${prefix}${this.#count}`;
  }

  expression(expression: Expression, scope: Scope): Typed {
    return analyseExpression(this, expression, scope);
  }

  query(query: Query, scope: Scope): Relation {
    return analyseQuery(this, query, scope);
  }

  call(call: Call & { pos: number }, scope: Scope): Typed {
    return analyseCall(this, call, scope);
  }
}

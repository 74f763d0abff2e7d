import type { TableRef } from '../../tables/schema.ts';
import type { QueryResult } from '../select.ts';

export interface DdlResult {
  statementType: string;
  operation?: QueryResult['operation'];
  target?: TableRef;
  affectedRows?: number;
}

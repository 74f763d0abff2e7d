import { define, type RuntimeFunction } from '../define.ts';
import { checkedMicros } from './civil.ts';
import { toCivil, toInstant } from './zones.ts';

export const zoneFunctions: RuntimeFunction[] = [
  define('civil', ['timestamp', 'string'], 'datetime', toCivil),
  define('instant', ['datetime', 'string'], 'timestamp', (civil, zone) =>
    checkedMicros(toInstant(civil, zone), 'Timestamp'),
  ),
];

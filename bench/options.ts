import { InvalidArgumentError } from 'commander';

/** The value of an option that is a number above 0. */
export function parseAmount(text: string): number {
  const amount = Number(text);
  if (text.trim() !== '' && Number.isFinite(amount) && amount > 0) return amount;
  throw new InvalidArgumentError('it is a number above 0');
}

/** The value of an option that is a list of numbers above 0, such as `10,200`. */
export function parseAmounts(text: string): number[] {
  return text.split(',').map(parseAmount);
}

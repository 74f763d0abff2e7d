/**
 * BIGNUMERIC has 256 bits that count units of 10^-38: 76 digits and part of a 77th. DuckDB's decimals have
 * only 38 digits, so DuckDB stores the units as a BIGNUM inside a STRUCT. Then values sort and compare
 * correctly, and their use as a plain number is an error, not a wrong result.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#decimal_types
 */

/** The only field of the STRUCT. */
export const UNITS_FIELD = 'bignumeric units';
export const BIGNUMERIC_TYPE = `STRUCT("${UNITS_FIELD}" BIGNUM)`;
export const BIGNUMERIC_MIN = -(2n ** 255n);
export const BIGNUMERIC_MAX = 2n ** 255n - 1n;

const SCALE = 38;
const DECIMAL = /^-?\d{1,39}(?:\.\d{1,38})?$/;

/** The units of a plain decimal, or undefined if it is out of BIGNUMERIC's range. */
export function bignumericUnits(decimal: string): bigint | undefined {
  if (!DECIMAL.test(decimal)) return undefined;
  const [whole = '0', fraction = ''] = decimal.split('.');
  const units = BigInt(whole + fraction.padEnd(SCALE, '0'));
  return units >= BIGNUMERIC_MIN && units <= BIGNUMERIC_MAX ? units : undefined;
}

/** The plain decimal for a number of units, without trailing zeros. */
export function bignumericText(units: bigint): string {
  const digits = (units < 0n ? -units : units).toString().padStart(SCALE + 1, '0');
  const fraction = digits.slice(-SCALE).replace(/0+$/, '');
  const text = digits.slice(0, -SCALE) + (fraction === '' ? '' : `.${fraction}`);
  return units < 0n ? `-${text}` : text;
}

/**
 * BIGNUMERIC: 256 bits that count units of 10^-38, so 76 digits and a part of a 77th. DuckDB's decimals end at 38
 * digits; it stores the units as a BIGNUM, in a STRUCT of its own: so they sort and compare as they should, and
 * whatever takes them for a plain number is an error, not a wrong result.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#decimal_types
 */

/** The only field of the STRUCT. */
export const UNITS_FIELD = 'bignumeric units';
export const BIGNUMERIC_TYPE = `STRUCT("${UNITS_FIELD}" BIGNUM)`;
export const BIGNUMERIC_MIN = -(2n ** 255n);
export const BIGNUMERIC_MAX = 2n ** 255n - 1n;

const SCALE = 38;
const DECIMAL = /^-?\d{1,39}(?:\.\d{1,38})?$/;

/** The units of a plain decimal, or nothing where BIGNUMERIC cannot hold it. */
export function bignumericUnits(decimal: string): bigint | undefined {
  if (!DECIMAL.test(decimal)) return undefined;
  const [whole = '0', fraction = ''] = decimal.split('.');
  const units = BigInt(whole + fraction.padEnd(SCALE, '0'));
  return units >= BIGNUMERIC_MIN && units <= BIGNUMERIC_MAX ? units : undefined;
}

/** The plain decimal of so many units, without needless zeros. */
export function bignumericText(units: bigint): string {
  const digits = (units < 0n ? -units : units).toString().padStart(SCALE + 1, '0');
  const fraction = digits.slice(-SCALE).replace(/0+$/, '');
  const text = digits.slice(0, -SCALE) + (fraction === '' ? '' : `.${fraction}`);
  return units < 0n ? `-${text}` : text;
}

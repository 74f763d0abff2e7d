/** https://cloud.google.com/bigquery/docs/reference/standard-sql/format-elements#format_numeric_type_as_string */

const ELEMENT = /EEEE|FM|MI|PR|RN|[90XSBV.,$DGCL]/giy;

interface Model {
  whole: string[];
  fraction: string[];
  /** How many digits after V, by whose power of ten the number is multiplied. */
  shift: number;
  sign: 'default' | 'before' | 'after' | 'minus after' | 'brackets';
  currency: string;
  blankZero: boolean;
  exponent: boolean;
  fill: boolean;
  hex: boolean;
  roman: boolean;
}

function readModel(text: string): Model {
  const elements: string[] = [];
  for (ELEMENT.lastIndex = 0; ELEMENT.lastIndex < text.length; ) {
    const found = ELEMENT.exec(text)?.[0];
    if (found === undefined) throw new Error(`Invalid format element in '${text}'`);
    elements.push(found);
  }
  const model: Model = {
    whole: [],
    fraction: [],
    shift: 0,
    sign: 'default',
    currency: '',
    blankZero: false,
    exponent: false,
    fill: false,
    hex: false,
    roman: false,
  };
  let part: 'whole' | 'fraction' | 'shifted' = 'whole';
  elements.forEach((element, index) => {
    const upper = element.toUpperCase();
    if (upper === '.' || upper === 'D') {
      if (part !== 'whole') throw new Error(`There can be at most one decimal point: '${text}'`);
      part = 'fraction';
    } else if (upper === 'V') part = 'shifted';
    else if (upper === 'S' || upper === 'MI' || upper === 'PR') {
      if (model.sign !== 'default') throw new Error(`There can be at most one sign: '${text}'`);
      const isFirst = elements.slice(0, index).every((each) => !/^[90X.,DG]$/i.test(each));
      model.sign =
        upper === 'MI' ? 'minus after' : upper === 'PR' ? 'brackets' : isFirst ? 'before' : 'after';
    } else if (upper === '$' || upper === 'L') model.currency = '$';
    else if (upper === 'C') model.currency = element === 'c' ? 'usd' : 'USD';
    else if (upper === 'B') model.blankZero = true;
    else if (upper === 'EEEE') model.exponent = true;
    else if (upper === 'FM') model.fill = true;
    else if (upper === 'RN') model.roman = true;
    else {
      if (upper === 'X') model.hex = true;
      if (part === 'shifted') model.shift += 1;
      (part === 'fraction' ? model.fraction : model.whole).push(upper === 'G' ? ',' : element);
    }
  });
  return model;
}

/** A decimal number as digits times a power of ten. */
interface Decimal {
  negative: boolean;
  digits: bigint;
  exponent: number;
}

function readDecimal(text: string): Decimal | undefined {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  return {
    negative: sign === '-',
    digits: BigInt(whole + fraction),
    exponent: Number(exponent) - fraction.length,
  };
}

/** The number in units of 10^-places, rounded half away from zero. */
function scaled({ digits, exponent }: Decimal, places: number): bigint {
  const by = exponent + places;
  if (by >= 0) return digits * 10n ** BigInt(by);
  const divisor = 10n ** BigInt(-by);
  return (digits * 2n + divisor) / (divisor * 2n);
}

export function formatNumber(text: string, written: string): string {
  const model = readModel(written);
  const number = readDecimal(text);
  if (model.roman) return roman(number, model.fill);
  if (model.hex) return hexadecimal(number, model, written);
  const places = model.fraction.length;
  let suffix = '';
  let units: bigint | undefined;
  if (number !== undefined && model.exponent) {
    const power = number.digits === 0n ? 0 : String(number.digits).length - 1 + number.exponent;
    units = scaled({ ...number, exponent: number.exponent - power }, places);
    const carried = units >= 10n ** BigInt(places + 1);
    if (carried) units /= 10n;
    const shown = power + (carried ? 1 : 0);
    suffix = `E${shown < 0 ? '-' : '+'}${String(Math.abs(shown)).padStart(2, '0')}`;
  } else if (number !== undefined) units = scaled(number, places + model.shift);
  const isNegative = number?.negative === true && units !== 0n;
  const body = digitsOf(model, units, places) + suffix;
  return signed(model, body, isNegative, units === 0n || number === undefined);
}

/** The digits, `#` for each if there are too few elements for them. */
function digitsOf(model: Model, units: bigint | undefined, places: number): string {
  const slots = model.whole.filter((element) => element !== ',').length;
  const all = units === undefined ? undefined : String(units).padStart(places + 1, '0');
  const whole = all?.slice(0, all.length - places).replace(/^0+/, '');
  if (whole === undefined || whole.length > slots) {
    const hashes = model.whole.map((element) => (element === ',' ? ',' : '#')).join('');
    return hashes + (places > 0 ? `.${'#'.repeat(places)}` : '');
  }
  const isBlank = model.blankZero && whole === '';
  let at = whole.length - slots;
  let started = false;
  const left = model.whole.map((element) => {
    if (element === ',') return started ? ',' : ' ';
    const digit = whole[at++];
    if (digit === undefined && !started && element !== '0') return ' ';
    started = true;
    return digit ?? '0';
  });
  const fraction = all?.slice(all.length - places) ?? '';
  const right = places > 0 ? `.${model.fill ? fraction.replace(/0+$/, '') : fraction}` : '';
  const shown = left.join('') + (right === '.' ? '' : right);
  return isBlank ? ' '.repeat(shown.length) : shown;
}

function signed(model: Model, body: string, negative: boolean, unsigned: boolean): string {
  const gap = /^ */.exec(body)?.[0] ?? '';
  const number = model.currency + body.slice(gap.length);
  const plus = unsigned ? ' ' : '+';
  const text = {
    default: `${gap}${negative ? '-' : ' '}${number}`,
    before: `${gap}${negative ? '-' : plus}${number}`,
    after: `${gap}${number}${negative ? '-' : plus}`,
    'minus after': `${gap}${number}${negative ? '-' : ' '}`,
    brackets: negative ? `${gap}<${number}>` : `${gap} ${number} `,
  }[model.sign];
  if (model.blankZero && body.trim() === '') return ' '.repeat(text.length);
  return model.fill ? text.replaceAll(' ', '') : text;
}

function hexadecimal(number: Decimal | undefined, model: Model, written: string): string {
  if (model.whole.some((element) => !/^[0X]$/i.test(element)) || model.fraction.length > 0)
    throw new Error(`X cannot appear with other format elements: '${written}'`);
  const digits = number === undefined ? '' : scaled(number, 0).toString(16);
  const slots = model.whole.length;
  if (digits === '' || digits.length > slots) return signed(model, '#'.repeat(slots), false, false);
  const padded = digits.padStart(slots, ' ');
  let started = false;
  const body = model.whole.map((element, index) => {
    const digit = padded[index] ?? ' ';
    started ||= digit !== ' ' || element === '0';
    const shown = started && digit === ' ' ? '0' : digit;
    const cased = model.whole.slice(index).find((each) => /x/i.test(each)) ?? 'X';
    return cased === 'x' ? shown : shown.toUpperCase();
  });
  return signed(model, body.join(''), number?.negative === true, digits === '0');
}

const ROMAN: readonly (readonly [number, string])[] = [
  [1000, 'M'],
  [900, 'CM'],
  [500, 'D'],
  [400, 'CD'],
  [100, 'C'],
  [90, 'XC'],
  [50, 'L'],
  [40, 'XL'],
  [10, 'X'],
  [9, 'IX'],
  [5, 'V'],
  [4, 'IV'],
  [1, 'I'],
];

function roman(number: Decimal | undefined, fill: boolean): string {
  let rest = number === undefined ? 0 : Number(scaled(number, 0)) * (number.negative ? -1 : 1);
  if (rest < 1 || rest > 3999) return fill ? '###############' : '#'.repeat(15);
  let text = '';
  for (const [value, letters] of ROMAN) {
    while (rest >= value) {
      text += letters;
      rest -= value;
    }
  }
  return fill ? text : text.padStart(15);
}

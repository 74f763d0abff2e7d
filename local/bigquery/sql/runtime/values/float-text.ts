/** A FLOAT64 as CAST(… AS STRING) writes it: the shortest digits, and an exponent beyond 10^15 or 10^-4. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  if (value === 0) return '0';
  const { sign, digits, exponent } = shortest(value);
  if (exponent < -4 || exponent >= 15) {
    const [first = '', ...rest] = digits;
    const mantissa = rest.length === 0 ? first : `${first}.${rest.join('')}`;
    const size = String(Math.abs(exponent)).padStart(2, '0');
    return `${sign}${mantissa}e${exponent < 0 ? '-' : '+'}${size}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const fraction = digits.slice(exponent + 1);
  return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

/** With a decimal point or an exponent, as `%t` and JSON write it: `1.0`. */
export function floatLiteral(value: number): string {
  const text = floatText(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function shortest(value: number): { sign: string; digits: string; exponent: number } {
  const [mantissa = '', exponent = '0'] = Math.abs(value).toExponential().split('e');
  return {
    sign: value < 0 ? '-' : '',
    digits: mantissa.replace('.', ''),
    exponent: Number(exponent),
  };
}

/** As parsed by CAST(… AS FLOAT64). */
export function parseFloat64(text: string): number | undefined {
  const trimmed = text.trim();
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(trimmed)) {
    const value = Number(trimmed);
    return Number.isFinite(value) ? value : undefined;
  }
  if (/^[+-]?0x[0-9a-f]+$/i.test(trimmed)) {
    const size = Number(BigInt(trimmed.replace(/^[+-]/, '')));
    return trimmed.startsWith('-') ? -size : size;
  }
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(trimmed);
  if (special === null) return undefined;
  if (special[2]?.toLowerCase() === 'nan') return Number.NaN;
  return special[1] === '-' ? -Infinity : Infinity;
}

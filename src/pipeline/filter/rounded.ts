/**
 * Logarithm and exponential rounded to the nearest float64, which is what NumPy gives on processors without AVX-512 (with it,
 * NumPy misses the last bit of every fourth value, and JavaScript's own miss every fifth). Where a value lies on the edge of
 * a bin the last bit decides its grey level.
 * Numbers of twice the width of float64 here: a high part and what is to be added to it (Dekker 1971).
 */
type Double = readonly [high: number, low: number];

const quickSum = (a: number, b: number): Double => {
  const sum = a + b;
  return [sum, b - (sum - a)];
};

function sum(a: number, b: number): Double {
  const s = a + b;
  const rest = s - a;
  return [s, a - (s - rest) + (b - rest)];
}

/** The upper 26 bits of the significand. */
function upper(x: number): number {
  const scaled = x * 134217729;
  return scaled - (scaled - x);
}

function product(a: number, b: number): Double {
  const p = a * b;
  const [ah, bh] = [upper(a), upper(b)];
  const [al, bl] = [a - ah, b - bh];
  return [p, ah * bh - p + ah * bl + al * bh + al * bl];
}

function add(a: Double, b: Double): Double {
  const [s, rest] = sum(a[0], b[0]);
  return quickSum(s, rest + (a[1] + b[1]));
}

function multiply(a: Double, b: Double): Double {
  const [p, rest] = product(a[0], b[0]);
  return quickSum(p, rest + (a[0] * b[1] + a[1] * b[0]));
}

/** log 2 in three parts; the first has so few bits that its products with exponents are exact. */
const LN2 = [0.6931471803691238, 1.9082149292705877e-10, 1.1612227229362532e-26] as const;
/** Halvings of the argument, and terms of the series that then reach 2^-106. */
const [HALVINGS, TERMS] = [6, 11];
const inverses: readonly Double[] = Array.from({ length: TERMS + 1 }, (_, n) => {
  const first = 1 / n;
  const [p, rest] = product(first, n);
  return [first, (1 - p - rest) / n];
});

/** exp(x) 2^-power: a number near 1 and the power of two that it lacks. */
function exponential(x: number): { value: Double; power: number } {
  const power = Math.round(x / Math.LN2);
  const rest = add(add([x - power * LN2[0], 0], product(-power, LN2[1])), [-power * LN2[2], 0]);
  const r: Double = [rest[0] / 2 ** HALVINGS, rest[1] / 2 ** HALVINGS];
  // exp(r) - 1 = r (1 + r/2 (1 + r/3 (...))), then (1 + e)^2 - 1 = 2 e + e^2.
  let series: Double = [1, 0];
  for (let n = TERMS; n > 1; n--) series = add([1, 0], multiply(multiply(r, inverses[n]!), series));
  let e = multiply(r, series);
  for (let k = 0; k < HALVINGS; k++) e = add([2 * e[0], 2 * e[1]], multiply(e, e));
  return { value: add([1, 0], e), power };
}

/** The exponential, rounded to nearest. */
export function exp(x: number): number {
  // Beyond this the result is 0, denormal or infinite, and NaN stays NaN.
  if (!(Math.abs(x) < 700)) return Math.exp(x);
  const { value, power } = exponential(x);
  return value[0] * 2 ** power;
}

/** The natural logarithm, rounded to nearest. */
export function log(x: number): number {
  const guess = Math.log(x);
  if (!(Math.abs(guess) < 700) || guess === 0) return guess;
  // log x = guess + log(x exp(-guess)), whose argument is within 1e-15 of 1.
  const { value, power } = exponential(-guess);
  const ratio = multiply([x * 2 ** power, 0], value);
  return guess + add(ratio, [-1, 0])[0];
}

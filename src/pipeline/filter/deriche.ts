/** Coefficients of the recursive Gaussian of ITK: Deriche's filter of fourth order with the constants of Farnebäck. */

/** Derivatives that a Laplacian of Gaussian takes. */
export type GaussianOrder = 0 | 2;

type Four = readonly [number, number, number, number];

/**
 * A symmetric recursive filter: y[i] = sum forward[k] x[i - k] - sum poles[k] y[i - 1 - k], the same backwards from the next
 * sample on with `backward`, and the sum of both.
 */
export interface RecursiveFilter {
  readonly forward: Four;
  readonly backward: Four;
  readonly poles: Four;
  /** What either half makes of a line of ones. */
  readonly gain: number;
  readonly backGain: number;
}

/** Two damped oscillations: amplitudes of cosine and sine by order, angular frequency and decay per standard deviation. */
const waves = [
  { cosine: { 0: 1.353, 2: -1.3563 }, sine: { 0: 1.8151, 2: 5.2318 }, frequency: 0.6681, decay: -1.3932 },
  { cosine: { 0: -0.3531, 2: 0.3446 }, sine: { 0: 0.0902, 2: -2.2355 }, frequency: 2.0787, decay: -1.3732 },
] as const;

const [first, second] = waves;
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
/** Sums of the coefficients times their index, and times its square: derivatives of the transfer function at 1. */
const moments = (c: readonly number[], from: number): readonly [number, number, number] => [
  sum(c),
  sum(c.map((v, k) => (k + from) * v)),
  sum(c.map((v, k) => (k + from) ** 2 * v)),
];

/** Frequencies and decays for a standard deviation in samples. */
function atScale(sigma: number) {
  const [w1, w2] = [first.frequency / sigma, second.frequency / sigma];
  return {
    cos1: Math.cos(w1),
    cos2: Math.cos(w2),
    sin1: Math.sin(w1),
    sin2: Math.sin(w2),
    exp1: Math.exp(first.decay / sigma),
    exp2: Math.exp(second.decay / sigma),
  };
}

function denominator({ cos1, cos2, exp1, exp2 }: ReturnType<typeof atScale>): Four {
  return [
    -2 * (exp2 * cos2 + exp1 * cos1),
    4 * cos2 * cos1 * exp1 * exp2 + (exp1 * exp1 + exp2 * exp2),
    -2 * cos1 * exp1 * exp2 * exp2 - 2 * cos2 * exp2 * exp1 * exp1,
    exp1 * exp1 * exp2 * exp2,
  ];
}

function numerator({ cos1, cos2, sin1, sin2, exp1, exp2 }: ReturnType<typeof atScale>, order: GaussianOrder): Four {
  const [a1, b1, a2, b2] = [first.cosine[order], first.sine[order], second.cosine[order], second.sine[order]];
  return [
    a1 + a2,
    exp2 * (b2 * sin2 - (a2 + 2 * a1) * cos2) + exp1 * (b1 * sin1 - (a1 + 2 * a2) * cos1),
    ((a1 + a2) * cos2 * cos1 - (b1 * cos2 * sin1 + b2 * cos1 * sin2)) * (2 * exp1 * exp2) +
      (a2 * exp1 * exp1 + a1 * exp2 * exp2),
    exp2 * exp1 * exp1 * (b2 * sin2 - a2 * cos2) + exp1 * exp2 * exp2 * (b1 * sin1 - a1 * cos1),
  ];
}

const map4 = (c: Four, f: (v: number, k: number) => number): Four => [f(c[0], 0), f(c[1], 1), f(c[2], 2), f(c[3], 3)];

/** The numerator whose filter has the right moment: 1 on constants, or 2 on squares (and 0 on constants). */
function normalised(scale: ReturnType<typeof atScale>, poles: Four, order: GaussianOrder): Four {
  const [sd, dd, ed] = moments([1, ...poles], 0);
  const smooth = numerator(scale, 0);
  if (order === 0) {
    const alpha = (2 * sum(smooth)) / sd - smooth[0];
    return map4(smooth, (v) => v / alpha);
  }
  const curved = numerator(scale, 2);
  const beta = -(2 * sum(curved) - sd * curved[0]) / (2 * sum(smooth) - sd * smooth[0]);
  const n = map4(curved, (v, k) => v + beta * smooth[k]!);
  const [sn, dn, en] = moments(n, 0);
  const alpha = (en * sd * sd - ed * sn * sd - 2 * dn * dd * sd + 2 * dd * dd * sn) / (sd * sd * sd);
  return map4(n, (v) => v / alpha);
}

/**
 * The filter of a Gaussian or of its second derivative (itkRecursiveGaussianImageFilter).
 * @param sigma standard deviation in samples, above 0
 * @param weight factor of the result
 */
export function recursiveGaussian(sigma: number, order: GaussianOrder, weight = 1): RecursiveFilter {
  const scale = atScale(sigma);
  const poles = denominator(scale);
  const forward = map4(normalised(scale, poles, order), (v) => v * weight);
  const backward = map4(poles, (d, k) => (forward[k + 1] ?? 0) - d * forward[0]);
  const whole = 1 + sum(poles);
  return { forward, backward, poles, gain: sum(forward) / whole, backGain: sum(backward) / whole };
}

/**
 * How many samples before a place suffice: those further away add at most `share` of what all add, however they differ from
 * the last that counts, whose value they are taken to have.
 */
export function reach({ forward, poles }: RecursiveFilter, share: number): number {
  const response: number[] = [];
  let all = 0;
  // The slower of the oscillations falls by e within a standard deviation; after this many nothing of a double is left.
  for (let i = 0, quiet = 0; quiet < 8; i++) {
    const value = (forward[i] ?? 0) - sum(poles.map((d, k) => d * (response[i - 1 - k] ?? 0)));
    response.push(value);
    all += Math.abs(value);
    quiet = Math.abs(value) < (share * all) / 1024 ? quiet + 1 : 0;
  }
  let far = 0;
  let count = response.length;
  while (count > 0 && far + Math.abs(response[count - 1]!) <= share * all) far += Math.abs(response[--count]!);
  return count;
}

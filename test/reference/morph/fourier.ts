/** CPU twin of morph/fourier: the definition of the discrete Fourier transform, in float64. */

export type Complex = readonly [re: number, im: number];

/** The transform of a line; backwards without dividing by the length. */
export function transform(line: readonly Complex[], direction: 1 | -1): Complex[] {
  const n = line.length;
  return line.map((_, k) =>
    line.reduce<Complex>(
      ([re, im], [a, b], j) => {
        const angle = (direction * 2 * Math.PI * ((j * k) % n)) / n;
        return [re + a * Math.cos(angle) - b * Math.sin(angle), im + a * Math.sin(angle) + b * Math.cos(angle)];
      },
      [0, 0],
    ),
  );
}

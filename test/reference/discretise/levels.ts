/** CPU twin of discretise/levels: numpy.digitize, one comparison per edge. */

/** Grey level of each value: the number of edges <= value; NaN is above all edges; 0 outside the region. */
export function digitize(
  values: ArrayLike<number>,
  inside: (index: number) => boolean,
  edges: ArrayLike<number>,
): Uint32Array {
  return Uint32Array.from({ length: values.length }, (_, i) => {
    if (!inside(i)) return 0;
    const v = values[i] as number;
    let level = 0;
    for (let e = 0; e < edges.length; e++) if (Number.isNaN(v) || v >= (edges[e] as number)) level++;
    return level;
  });
}

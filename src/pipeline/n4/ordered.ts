/** The value of an ordered key, as shaders/common/ordered.wgsl makes it. */
export function fromOrdered(key: number): number {
  const bits = key >>> 31 === 1 ? key & 0x7fffffff : ~key >>> 0;
  return new Float32Array(Uint32Array.of(bits).buffer)[0] as number;
}

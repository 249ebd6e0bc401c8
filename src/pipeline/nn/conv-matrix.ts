/** nn/conv-matrix: 3D convolution by subgroup matrices, for adapters that offer a shape of them that the kernel knows. */
import source from '../../../shaders/nn/conv-matrix.wgsl?raw';
import { type Caps, defineKernel, lacking, type MatrixShape } from '../../engine/index.ts';
import type { Storage } from './activation.ts';
import type { ConvolutionMethod } from './conv.ts';
import { convolutionBindings } from './conv-bindings.ts';
import { unmeasuredGpu } from './tile-table.ts';

interface Shape extends MatrixShape {
  /** Invocations that a subgroup has at most, on the adapters that offer the shape. */
  readonly subgroups: readonly number[];
}

/** Products that the kernel takes, those first that do most at once. Sums in float32 alone: 16 bits are too few for them. */
const shapes: readonly Shape[] = [
  // NVIDIA; AMD.
  { component: 'f16', result: 'f32', m: 16, n: 16, k: 16, subgroups: [32, 64] },
  // Intel.
  { component: 'f16', result: 'f32', m: 8, n: 16, k: 16, subgroups: [16, 32] },
  // Lavapipe of Mesa 26 and later, which imitates them with subgroups of 8; others.
  { component: 'f16', result: 'f32', m: 8, n: 8, k: 8, subgroups: [8, 32] },
  // Apple, which sums halves in halves only: there 16 bits are stored, 32 multiplied.
  { component: 'f32', result: 'f32', m: 8, n: 8, k: 8, subgroups: [32, 64] },
];

/** Voxels and channels of a subgroup, by the invocations that it has at most: 128 / size of them share 64 x 64. */
const parts: Readonly<Record<number, readonly [number, number]>> = {
  8: [16, 16],
  16: [32, 16],
  32: [32, 32],
  64: [64, 32],
};

const constantsOf = ({ component, m, n, k }: MatrixShape, subgroup: number) => ({
  M: m,
  N: n,
  K: k,
  // So many inputs that a chunk is 64 bytes of a voxel.
  DEPTH: component === 'f16' ? 32 : 16,
  OWN_VOXELS: parts[subgroup]![0],
  OWN_CHANNELS: parts[subgroup]![1],
});

/** A kernel for one shape and size. */
export interface MatrixKernel {
  readonly method: ConvolutionMethod;
  /** Invocations that a subgroup has at most. */
  readonly subgroup: number;
}

const nameOf = ({ component, m, n, k }: MatrixShape, subgroup: number) =>
  `nn/conv-matrix:${component}-${m}x${n}x${k}-${subgroup}`;

/** As many workgroups as `unmeasuredGpu` takes to fill a GPU, in tiles of 32 x 32 as `partsOf` counts them. */
const fill = 4 * unmeasuredGpu.fill;

/** All of them, in order of preference. */
export const matrixKernels: readonly MatrixKernel[] = shapes.flatMap(({ subgroups, ...shape }) =>
  subgroups.map((subgroup) => {
    // Halves are multiplied only where they are what is stored.
    const half = shape.component === 'f16';
    const spec = {
      source,
      workgroup: 128,
      constants: constantsOf(shape, subgroup),
      needs: ['subgroups', shape] as const,
      ...(half
        ? { fixed: { F16: true, F16_MATRICES: true } }
        : { flags: ['F16'] as const, fixed: { F16_MATRICES: false } }),
    };
    const kernel = defineKernel({ ...spec, name: nameOf(shape, subgroup), bindings: convolutionBindings });
    const { params, activation, weights } = convolutionBindings;
    const part = defineKernel({
      ...spec,
      name: `${nameOf(shape, subgroup)}-part`,
      entryPoint: 'part',
      bindings: { params, activation, weights, parts: 'read_write' },
    });
    const storages: readonly Storage[] = half ? ['f16'] : ['f32', 'f16'];
    return { method: { kernel, part, tile: [64, 64], winograd: false, storages, fill }, subgroup };
  }),
);

/** The method by subgroup matrices for an adapter and a storage, null where the adapter offers none that would do. */
export function matrixMethod(caps: Caps, storage: Storage): ConvolutionMethod | null {
  const fits = matrixKernels.find(
    ({ method, subgroup }) =>
      method.storages!.includes(storage) &&
      subgroup >= caps.subgroupSizes[1] &&
      lacking(method.kernel, { F16: storage === 'f16' }, caps) === null,
  );
  return fits?.method ?? null;
}

/** Feature maps against those of PyRadiomics' voxel-based mode: kernelRadius 1 and 2, masked kernel or not. */
import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { toMask, toVolume } from '../../src/host/format/index.ts';
import { readImageFile } from '../../src/host/node/read.ts';
import { featureMaps, type RegionMaps } from '../../src/pipeline/map/index.ts';
import { expectClose } from '../support/close.ts';
import { useEngine } from '../support/engine.ts';
import { readNpy } from '../support/npy.ts';
import { describeShared, sharedPath } from '../support/shared.ts';

/** Float32 sums of at most some hundred terms, and the division at the end. */
const FLOAT32 = 2e-6;
/** PyRadiomics adds the epsilon of float64 inside logarithms, so that its entropy of one level is not quite 0. */
const EPSILON = 4e-16;
/** Of origins: the file's decimals in float64. */
const MILLIMETRES = 1e-9;

interface Recorded {
  readonly shape_zyx: readonly number[];
  readonly origin_xyz: readonly number[];
  readonly spacing_xyz: readonly number[];
}
interface Index {
  readonly image: string;
  readonly mask: string;
  readonly label: number;
  readonly maps: Readonly<Record<string, Recorded>>;
}

const folder = 'reference/pyradiomics/maps';

/** The features of reference/pyradiomics/params/voxel_*.yaml. */
const features = {
  firstorder: ['Mean', 'Entropy'],
  glcm: ['JointEntropy', 'Contrast'],
  glrlm: ['RunPercentage'],
  glszm: ['ZonePercentage'],
  gldm: ['DependenceEntropy'],
  ngtdm: ['Coarseness'],
};
const kernels = [1, 2].flatMap((kernelRadius) => [true, false].map((maskedKernel) => ({ kernelRadius, maskedKernel })));

describeShared('feature maps of PyRadiomics', () => {
  const engine = useEngine();
  let index: Index;
  const compared: string[] = [];
  beforeAll(() => {
    index = JSON.parse(readFileSync(sharedPath(folder, 'index.json'), 'utf8')) as Index;
  });

  it.each(kernels)('kernelRadius $kernelRadius, maskedKernel $maskedKernel', async (voxelSettings) => {
    const image = toVolume(await readImageFile(sharedPath(index.image)));
    const mask = toMask(await readImageFile(sharedPath(index.mask)));
    const [{ maps }] = (await featureMaps(engine(), image, mask, {
      features,
      settings: { binWidth: 10, label: index.label },
      voxelSettings,
    })) as [RegionMaps];
    const prefix = `voxel_r${voxelSettings.kernelRadius}_${voxelSettings.maskedKernel ? 'masked' : 'unmasked'}__`;
    const recorded = Object.keys(index.maps).filter((key) => key.startsWith(prefix));
    expect(recorded.map((key) => key.slice(prefix.length)).sort()).toEqual([...maps.keys()].sort());
    for (const key of recorded) {
      const { shape_zyx, origin_xyz, spacing_xyz } = index.maps[key]!;
      const map = maps.get(key.slice(prefix.length))!;
      expect([...map.size].reverse()).toEqual(shape_zyx);
      expect(map.spacing).toEqual(spacing_xyz);
      for (const [axis, x] of origin_xyz.entries())
        expectClose(map.origin[axis]!, x, { abs: MILLIMETRES, what: 'origin' });
      for (const [i, expected] of readNpy(sharedPath(folder, `${key}.npy.gz`)).data.entries())
        expectClose(map.data[i]!, expected, { rel: FLOAT32, abs: EPSILON, what: `${key}, voxel ${i}` });
      compared.push(`${key}.npy.gz`);
    }
  });

  it('every recorded map is one of these', () => {
    expect(compared.sort()).toEqual(
      readdirSync(sharedPath(folder))
        .filter((file) => file !== 'index.json')
        .sort(),
    );
  });
});

import { describe, expect, it } from 'vitest';
import { capsOf, deviceDescriptor } from '../../src/engine/caps.ts';

const feature = 'chromium-experimental-subgroup-matrix';

/** An entry as Dawn gives it: values by getters of the prototype, nothing of its own. */
class Config {
  get componentType() {
    return 'f16';
  }
  get resultComponentType() {
    return 'f32';
  }
  get M() {
    return 8;
  }
  get N() {
    return 16;
  }
  get K() {
    return 32;
  }
}

const adapterWith = (features: readonly string[], info: object) =>
  ({ features: new Set(features), limits: {}, info }) as unknown as GPUAdapter;
const deviceWith = (features: readonly string[]) =>
  ({ features: new Set(features), limits: {} }) as unknown as GPUDevice;

describe('subgroup matrices of an adapter', () => {
  const adapter = adapterWith(['subgroups', feature], { device: 'a card', subgroupMatrixConfigs: [new Config()] });

  it('are asked for and listed', () => {
    expect(deviceDescriptor(adapter).requiredFeatures).toEqual(['subgroups', feature]);
    expect(capsOf(adapter, deviceWith([feature])).matrices).toEqual([
      { component: 'f16', result: 'f32', m: 8, n: 16, k: 32 },
    ]);
  });

  it('are none on a device without the feature', () => {
    expect(capsOf(adapter, deviceWith(['subgroups'])).matrices).toEqual([]);
  });

  it('are none where the platform does not know of them', () => {
    const plain = adapterWith(['subgroups'], { device: 'a card' });
    expect(deviceDescriptor(plain).requiredFeatures).toEqual(['subgroups']);
    expect(capsOf(plain, deviceWith(['subgroups'])).matrices).toEqual([]);
  });
});

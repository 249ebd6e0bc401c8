/** What a device can do: one list of wanted features and limits, filtered by what the adapter has. */

/** Dawn's experiment; browsers have it behind a flag. */
const matrixFeature = 'chromium-experimental-subgroup-matrix';
const wantedFeatures = ['subgroups', 'shader-f16', 'timestamp-query', matrixFeature] as const;

const wantedLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const;

export type LimitName = (typeof wantedLimits)[number] | 'maxComputeWorkgroupsPerDimension';

/** A product of subgroup matrices that an adapter computes: M x K by K x N, of components of one type, summed in another. */
export interface MatrixShape {
  readonly component: string;
  readonly result: string;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** The abilities that recordings and stages may ask for. */
export interface Caps {
  /** Name of the device as its driver gives it. */
  readonly adapter: string;
  /** Driver description, empty where the platform hides it. */
  readonly driver: string;
  /** True for a driver that runs on the CPU (lavapipe, SwiftShader, WARP). */
  readonly software: boolean;
  readonly subgroups: boolean;
  readonly subgroupSizes: readonly [number, number];
  readonly f16: boolean;
  /** Products of subgroup matrices; none where the device has not got the feature. */
  readonly matrices: readonly MatrixShape[];
  readonly timestamps: boolean;
  readonly limits: Readonly<Record<LimitName, number>>;
}

/** The descriptor that asks an adapter for all wanted features and limits that it has. */
export function deviceDescriptor(adapter: GPUAdapter): GPUDeviceDescriptor {
  return {
    label: 'voxomics',
    requiredFeatures: wantedFeatures.filter((f) => adapter.features.has(f)) as GPUFeatureName[],
    requiredLimits: Object.fromEntries(wantedLimits.map((name) => [name, adapter.limits[name]])),
  };
}

/** `GPUAdapterInfo` as adapters give it: sizes of subgroups are missing in some browsers, matrices unknown to its type. */
type AdapterInfo = Omit<GPUAdapterInfo, 'subgroupMinSize' | 'subgroupMaxSize'> & {
  readonly subgroupMinSize?: number;
  readonly subgroupMaxSize?: number;
  readonly subgroupMatrixConfigs?: Iterable<{
    readonly componentType: string;
    readonly resultComponentType: string;
    readonly M: number;
    readonly N: number;
    readonly K: number;
  }>;
};

/** The products of subgroup matrices that an adapter lists. Its entries have getters, so nothing is copied by itself. */
function matricesOf({ subgroupMatrixConfigs = [] }: AdapterInfo): MatrixShape[] {
  return Array.from(subgroupMatrixConfigs, ({ componentType, resultComponentType, M, N, K }) => ({
    component: componentType,
    result: resultComponentType,
    m: M,
    n: N,
    k: K,
  }));
}

/** Whether a device computes a product of subgroup matrices. */
export const hasMatrices = ({ matrices }: Pick<Caps, 'matrices'>, shape: MatrixShape): boolean =>
  matrices.some((has) => (Object.keys(shape) as (keyof MatrixShape)[]).every((key) => has[key] === shape[key]));

/** Reads the abilities off a device and its adapter. @param bindingBytes a lower limit for one binding */
export function capsOf(adapter: GPUAdapter, device: GPUDevice, bindingBytes = Number.POSITIVE_INFINITY): Caps {
  const info: AdapterInfo = adapter.info;
  const name = info.device || info.description || info.architecture || info.vendor || 'unknown adapter';
  const names: readonly LimitName[] = [...wantedLimits, 'maxComputeWorkgroupsPerDimension'];
  const limits = Object.fromEntries(names.map((limit) => [limit, device.limits[limit]])) as Record<LimitName, number>;
  return {
    adapter: name,
    driver: info.description ?? '',
    software: /llvmpipe|lavapipe|swiftshader|warp|basic render/i.test(
      `${name} ${info.description} ${info.architecture}`,
    ),
    subgroups: device.features.has('subgroups'),
    subgroupSizes: [info.subgroupMinSize ?? 0, info.subgroupMaxSize ?? 0],
    f16: device.features.has('shader-f16'),
    matrices: (device.features as ReadonlySet<string>).has(matrixFeature) ? matricesOf(info) : [],
    timestamps: device.features.has('timestamp-query'),
    limits: { ...limits, maxStorageBufferBindingSize: Math.min(limits.maxStorageBufferBindingSize, bindingBytes) },
  };
}

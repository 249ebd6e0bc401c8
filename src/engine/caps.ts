/** What a device can do: one list of wanted features and limits, filtered by what the adapter has. */

const wantedFeatures = ['subgroups', 'shader-f16', 'timestamp-query'] as const;

const wantedLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const;

export type LimitName = (typeof wantedLimits)[number] | 'maxComputeWorkgroupsPerDimension';

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

/** Reads the abilities off a device and its adapter. @param bindingBytes a lower limit for one binding */
export function capsOf(adapter: GPUAdapter, device: GPUDevice, bindingBytes = Number.POSITIVE_INFINITY): Caps {
  const info = adapter.info as GPUAdapterInfo & { subgroupMinSize?: number; subgroupMaxSize?: number };
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
    timestamps: device.features.has('timestamp-query'),
    limits: { ...limits, maxStorageBufferBindingSize: Math.min(limits.maxStorageBufferBindingSize, bindingBytes) },
  };
}

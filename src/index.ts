/** What every platform exports. */
export {
  type Caps,
  DeviceLostError,
  Engine,
  EngineError,
  type EngineErrorCode,
  type EngineOptions,
  type EngineStats,
  type ProfileRow,
} from './engine/index.ts';
export { type CpuBackend, type OnnxRuntime, openCpuBackend } from './host/cpu-backend.ts';
export type { DicomMaskOptions } from './host/format/dicom/mask.ts';
export type { ReadSeriesOptions } from './host/format/dicom/read.ts';
export type { SeriesInfo, SeriesListing } from './host/format/dicom/series.ts';
export { decodeImage, toMask, toVolume } from './host/format/index.ts';
export { encodeNifti } from './host/format/nifti-write.ts';
export { type PreviewColumn, renderPreview } from './host/format/preview.ts';
export { formatParams, parseParamsFile } from './host/format/params-file.ts';
export { formatRows, parquetRows, type TextFormat } from './host/format/table.ts';
export type { WeightsSourceOptions } from './host/format/weights/hash-source.ts';
export type { LoadedWeights, LoadWeightsOptions } from './host/format/weights/index.ts';
export { inspectWeights, type WeightsReport } from './host/format/weights/inspect.ts';
export { type ClassSelection, defaultClasses, type FeatureClass, featureClasses } from './pipeline/classes.ts';
export {
  type Backend,
  backends,
  type Layer,
  layers,
  type NetworkChoice,
  precisions,
  variants,
} from './host/deep-network.ts';
export { PipelineError, type PipelineErrorCode } from './pipeline/errors.ts';
export { extract, type ExtractOptions } from './pipeline/extract.ts';
export { ibsiFilter, type IbsiFilterSpec, ibsiFilterNames } from './pipeline/filter/ibsi/index.ts';
export { type FeatureMapOptions, featureMaps, type RegionMaps } from './pipeline/map/index.ts';
export type { DeepNetwork, DeepOptions, NetworkMemory } from './pipeline/nn/deep.ts';
export { type DeepCasesOptions, type DeepFeaturesCase, deepFeaturesOfCases } from './pipeline/nn/deep-cases.ts';
export { deepFeatures, type DeepFeaturesOptions } from './pipeline/nn/deep-features.ts';
export type { InputOptions, InputSize, Margin, ZScoreRegion } from './pipeline/nn/input.ts';
export type { GeometryMode } from './pipeline/mask-geometry.ts';
export type { Architecture, Shortcut, Variant } from './pipeline/nn/manifest.ts';
export {
  type FeatureNetwork,
  type FeatureOptions,
  type HostInput,
  type NetworkInput,
  type NetworkOptions,
  openNetwork,
  type Precision,
} from './pipeline/nn/network.ts';
export type { NetworkPlan } from './pipeline/nn/plan.ts';
export type { Weights, WeightTensor } from './pipeline/nn/weights.ts';
export { n4, type N4Options, type N4Report } from './pipeline/n4/index.ts';
export {
  fitNyul,
  normaliseVolume,
  type NormaliseMethod,
  type NyulScale,
  normaliseUsage,
  parseNormalise,
  parseNyul,
} from './pipeline/normalise/index.ts';
export {
  gridOfStep,
  type PreprocessResult,
  type PreprocessSteps,
  preprocess,
  type ResampleStep,
} from './pipeline/preprocess.ts';
export {
  type ImageTypeName,
  type ImageTypeSelection,
  imageTypeNames,
} from './pipeline/image-types.ts';
export { type Params, paramsJsonSchema, parseParams } from './pipeline/params.ts';
export { type Preset, type PresetName, presetNames, presetOf, presets } from './pipeline/presets.ts';
export type { ProgressEvent } from './pipeline/progress.ts';
export {
  type Interpolator,
  interpolatorNames,
  parseInterpolator,
  type ResampleOptions,
  resample,
  resampleMask,
} from './pipeline/resample/index.ts';
export type { Row } from './pipeline/row.ts';
export { type LabelUnion, parseLabels } from './pipeline/selection.ts';
export {
  type GridRule,
  type MaskRule,
  parseSettings,
  parseSettingText,
  type Settings,
  type SettingsInput,
  settingNames,
} from './pipeline/settings.ts';
export type { UsedImage } from './pipeline/used-images.ts';
export type { Geometry, Mask, Volume } from './pipeline/volume.ts';

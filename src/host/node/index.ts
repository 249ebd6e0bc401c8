/**
 * voxomics for Node: GPU-native radiomics.
 *
 * @example
 * import { createEngine, extractFiles } from 'voxomics';
 * const engine = await createEngine();
 * const rows = await extractFiles(engine, 'image.nii.gz', 'mask.nii.gz', { labels: 'all' });
 * console.log(rows[0].original_firstorder_Mean);
 * engine.destroy();
 */
export * from '../../index.ts';
export { type AdapterKind, createEngine, type NodeEngineOptions } from './adapters.ts';
export { type DeepNetworkOptions, openDeepNetwork } from './deep-network.ts';
export { findSeries, readDicom } from './dicom-source.ts';
export { type ExtractFilesOptions, extractFiles } from './extract-files.ts';
export { type OnnxRuntimeKind, type OnnxRuntimeOptions, openOnnxRuntime } from './onnx-runtime.ts';
export { writePreview } from './preview.ts';
export { readParams } from './params.ts';
export { readImageFile } from './read.ts';
export { readMaskFile } from './read-mask.ts';
export { imageSaver } from './save-images.ts';
export { loadWeightsFrom } from './weights.ts';
export { writeAtomically } from './write.ts';
export { writeImageFile } from './write-image.ts';

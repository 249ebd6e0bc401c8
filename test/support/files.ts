/** Image files in memory. */
import { gzipSync } from 'node:zlib';
import { encodeNifti } from '../../src/host/format/nifti-write.ts';
import type { Volume } from '../../src/pipeline/volume.ts';

/** A .nii.gz file. */
export const niftiGz = (volume: Volume): Uint8Array => gzipSync(encodeNifti(volume));

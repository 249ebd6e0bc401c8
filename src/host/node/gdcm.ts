/** GDCM in Node, for compressed DICOM pixels. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GdcmReader } from '../format/dicom/codec.ts';
import type { ItkImage } from '../format/itk-wasm.ts';

/** Reads a file that holds frames and nothing of a patient; itk-wasm takes files on the disk only. */
export const gdcmReader: GdcmReader = async (file) => {
  const folder = await mkdtemp(join(tmpdir(), 'voxomics-'));
  try {
    const path = join(folder, 'frames.dcm');
    await writeFile(path, file, { mode: 0o600 });
    const { gdcmReadImageNode } = await import('@itk-wasm/image-io');
    const { image } = await gdcmReadImageNode(path);
    return image as ItkImage;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

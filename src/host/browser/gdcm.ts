/** GDCM in browsers, for compressed DICOM pixels. */
import type { GdcmReader } from '../format/dicom/codec.ts';
import type { ItkImage } from '../format/itk-wasm.ts';

/** @param pipelinesBaseUrl folder with itk-wasm's compiled readers, on the page's own server */
export function itkWasmGdcm(pipelinesBaseUrl: string): GdcmReader {
  return async (file) => {
    const { gdcmReadImage, setPipelinesBaseUrl } = await import('@itk-wasm/image-io');
    setPipelinesBaseUrl(pipelinesBaseUrl);
    const { image } = await gdcmReadImage({ path: 'frames.dcm', data: file }, { webWorker: false });
    return image as ItkImage;
  };
}

/** What filters return. */
import type { DeviceVolume } from '../device-volume.ts';

/** A derived image under PyRadiomics' name of its type, e.g. `squareroot`. */
export interface FilteredImage {
  readonly name: string;
  /** Its buffers are kept; their owner gives them back with `engine.release`. */
  readonly image: DeviceVolume;
}

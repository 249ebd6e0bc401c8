/** The point filters of a whole image, in submits of their own. */
import { type Engine, Recording } from '../../src/engine/index.ts';
import type { DeviceVolume } from '../../src/pipeline/device-volume.ts';
import type { FilteredImage } from '../../src/pipeline/filter/filtered-image.ts';
import { findPeak } from '../../src/pipeline/filter/peak.ts';
import { recordPoint } from '../../src/pipeline/filter/point.ts';

/** One image per filter; the caller releases their buffers. */
export async function pointImages(engine: Engine, image: DeviceVolume): Promise<FilteredImage[]> {
  const rec = new Recording('test');
  const images = recordPoint(rec, image, await findPeak(engine, image));
  await engine.execute(rec);
  return images;
}

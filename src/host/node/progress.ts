/** Progress on standard error: a bar on a terminal, lines in a log, nothing for short work. */
import { SingleBar } from 'cli-progress';
import type { ProgressEvent } from '../../pipeline/progress.ts';

export interface ProgressDisplay {
  update(event: ProgressEvent): void;
  stop(): void;
}

const QUIET_MS = 1500;
const LINE_EVERY_MS = 5000;

const units: Record<ProgressEvent['stage'], string> = {
  n4: 'N4 iterations',
  normalise: 'normalising',
  resample: 'resampling',
  labels: 'regions',
  images: 'image types saved',
  regions: 'regions',
  pairs: 'parts of all pairs of voxels',
  deep: 'crops',
  map: 'voxels',
  cases: 'cases',
  verify: 'configurations',
};

/** Shows nothing before 1.5 s; then a bar, or a line every 5 s where standard error is not a terminal. */
export function progressDisplay(stream: NodeJS.WriteStream = process.stderr): ProgressDisplay {
  const started = performance.now();
  let lastLine = started;
  let bar: SingleBar | null = null;
  let shown = '';
  const stop = () => {
    bar?.stop();
    bar = null;
  };
  return {
    update({ stage, done, total }) {
      const now = performance.now();
      if (now - started < QUIET_MS || total < 2) return;
      const unit = units[stage];
      if (!stream.isTTY) {
        if (now - lastLine <= LINE_EVERY_MS) return;
        lastLine = now;
        stream.write(`voxomics: ${done} of ${total} ${unit}\n`);
        return;
      }
      if (unit !== shown) stop();
      shown = unit;
      if (bar) return bar.update(done);
      bar = new SingleBar({ stream, format: `${unit} {bar} {value}/{total} {eta_formatted}`, clearOnComplete: true });
      bar.start(total, done);
    },
    stop,
  };
}

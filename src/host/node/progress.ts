/** Progress on standard error: a bar on a terminal, lines in a log, nothing for short work. */
import { SingleBar } from 'cli-progress';
import type { ProgressEvent } from '../../pipeline/extract.ts';

export interface ProgressDisplay {
  update(event: ProgressEvent): void;
  stop(): void;
}

const QUIET_MS = 1500;
const LINE_EVERY_MS = 5000;

/** Shows nothing before 1.5 s; then a bar, or a line every 5 s where standard error is not a terminal. */
export function progressDisplay(stream: NodeJS.WriteStream = process.stderr): ProgressDisplay {
  const started = performance.now();
  let lastLine = started;
  let bar: SingleBar | null = null;
  return {
    update({ done, total }) {
      const now = performance.now();
      if (now - started < QUIET_MS || total < 2) return;
      if (stream.isTTY) {
        if (!bar) {
          bar = new SingleBar({
            stream,
            format: 'regions {bar} {value}/{total} {eta_formatted}',
            clearOnComplete: true,
          });
          bar.start(total, done);
        } else bar.update(done);
      } else if (now - lastLine > LINE_EVERY_MS) {
        lastLine = now;
        stream.write(`voxomics: ${done} of ${total} regions\n`);
      }
    },
    stop() {
      bar?.stop();
      bar = null;
    },
  };
}

/** Progress of long work. */

/** What happened last, for progress displays. */
export interface ProgressEvent {
  /** What is being done. */
  readonly stage: 'n4' | 'normalise' | 'resample' | 'labels' | 'regions' | 'deep' | 'map' | 'cases' | 'verify';
  /** Units finished: iterations of N4, regions, voxels of maps; 1 of 1 for a stage that has no smaller parts. */
  readonly done: number;
  readonly total: number;
}

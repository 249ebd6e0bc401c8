/** Progress of long work. */

/** What happened last, for progress displays. */
export interface ProgressEvent {
  /** What is being done. */
  readonly stage:
    | 'n4'
    | 'normalise'
    | 'resample'
    | 'labels'
    | 'images'
    | 'regions'
    | 'pairs'
    | 'deep'
    | 'map'
    | 'cases'
    | 'verify';
  /**
   * Units finished: iterations of N4, image types given out, regions, parts of the sums over pairs of a large region, crops of
   * networks, voxels of maps; 1 of 1 for a stage that has no smaller parts.
   */
  readonly done: number;
  readonly total: number;
}

/** How long work listens and reports. */
export interface WorkContext {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((event: ProgressEvent) => void) | undefined;
}

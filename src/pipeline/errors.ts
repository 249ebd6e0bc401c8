/** Typed errors of the pipeline: what was expected, what was found, what to do. */

export type PipelineErrorCode =
  | 'BadFile'
  | 'BadWeights'
  | 'BadSetting'
  | 'GeometryMismatch'
  | 'RoiOutsideImage'
  | 'EmptyMask'
  | 'OverlappingRegions'
  | 'LabelNotFound'
  | 'RoiTooSmall'
  | 'RoiTooFewDimensions'
  | 'ResegmentationEmpty'
  | 'NonFiniteImage'
  | 'ConstantImage'
  | 'TooThin'
  | 'TooManyLevels'
  | 'TooLarge'
  | 'BadDicom'
  | 'BadSeries'
  | 'MissingSpacing'
  | 'Cancelled';

/** An input that cannot be processed. `message` ends with what to do about it; it never holds patient data. */
export class PipelineError extends Error {
  override readonly name = 'PipelineError';
  constructor(
    readonly code: PipelineErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

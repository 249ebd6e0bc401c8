/** Typed errors of the engine. */

export type EngineErrorCode =
  | 'NoAdapter'
  | 'DeviceLost'
  | 'OutOfMemory'
  | 'Validation'
  | 'ShaderCompile'
  | 'LimitExceeded';

/** A failure of the GPU or of what was asked of it. `message` says what was expected, what was found and what to do. */
export class EngineError extends Error {
  override readonly name: string = 'EngineError';
  constructor(
    readonly code: EngineErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The device is gone: the engine stays failed. Make a new engine and run the work again. */
export class DeviceLostError extends EngineError {
  override readonly name = 'DeviceLostError';
  constructor(reason: string) {
    super(
      'DeviceLost',
      `the GPU device was lost (${reason}); make a new engine with createEngine() and repeat the work`,
    );
  }
}

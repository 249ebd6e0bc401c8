/** The method of an adapter for convolutions; subgroup matrices only where they prove to compute what they should. */
import { type Download, type Engine, EngineError, Recording } from '../../engine/index.ts';
import { activationBytes, planarValues, type Storage } from './activation.ts';
import { type ConvolutionMethod, methodFor, productsOf, recordConvolution, type Window } from './conv.ts';
import { matrixKernels } from './conv-matrix.ts';
import { packFilter } from './filter.ts';
import { methodOn } from './measure-tiles.ts';
import { partBytes, type PartsInBuffer } from './parts.ts';

/** A convolution of more than one tile of voxels and of channels, in parts whose inputs are no multiple of what a step takes. */
const trial = { inputs: 72, outputs: 72, size: [7, 5, 2], taps: 3, parts: { count: 2, octets: 6 } } as const;

/** Whole numbers from -2 to 2, as if at random. */
const digits = (length: number, phase: number): Float32Array =>
  Float32Array.from({ length }, (_, k) => ((Math.imul(k + phase, 0x9e3779b1) >>> 16) % 5) - 2);

/** The trial by the host, [output][voxel]: three taps along x, zeros beyond the image. */
function expectedValues(input: Float32Array, weights: Float32Array): Float32Array {
  const { inputs, outputs, size, taps } = trial;
  const [width, rows] = [size[0], size[1] * size[2]];
  const result = new Float32Array(outputs * width * rows);
  for (let co = 0, to = 0; co < outputs; co++)
    for (let row = 0; row < rows; row++)
      for (let x = 0; x < width; x++, to++)
        for (let tap = 0; tap < taps; tap++) {
          const from = x + tap - 1;
          if (from < 0 || from >= width) continue;
          for (let ci = 0; ci < inputs; ci++)
            result[to]! += input[(row * width + from) * inputs + ci]! * weights[(co * inputs + ci) * taps + tap]!;
        }
  return result;
}

/**
 * Whether a method convolves whole numbers without any error, at once and in parts: none of them, their products and their sums needs more digits than
 * 16-bit floats have.
 * @throws EngineError where the device is lost or has no memory; a kernel that does not compile is an answer
 */
export async function convolvesExactly(engine: Engine, method: ConvolutionMethod, storage: Storage): Promise<boolean> {
  const { inputs, outputs, size, taps } = trial;
  const input = digits(size[0] * size[1] * size[2] * inputs, 1);
  const weights = digits(outputs * inputs * taps, 2);
  const filter = { outputs, inputs, taps: [1, 1, taps] as const, weights, bias: new Float32Array(outputs) };
  const rec = new Recording('nn/choose-method');
  const stored = storage === 'f16' ? new Float16Array(input) : input;
  const shape = { images: 1, channels: outputs, size };
  const from = { images: 1, channels: inputs, size, buffer: rec.upload('nn/choose-method.input', stored) };
  const packed = packFilter(filter, storage, productsOf(method, storage));
  const buffers = {
    outputs,
    weights: rec.upload('nn/choose-method.weights', packed.weights),
    bias: rec.upload('nn/choose-method.bias', packed.bias),
  };
  const window: Window = { extent: [taps, 1, 1], stride: [1, 1, 1], padding: [1, 0, 0], dilation: [1, 1, 1] };
  const convolve = (parts?: PartsInBuffer): Download => {
    const into = rec.buffer('nn/choose-method.results', activationBytes(shape, storage));
    recordConvolution(rec, from, { ...buffers, ...window }, into, { storage, method, relu: false, parts });
    return rec.download(into);
  };
  const downloads = [convolve()];
  if (method.part) {
    const buffer = rec.buffer('nn/choose-method.parts', partBytes(shape, trial.parts));
    downloads.push(convolve({ ...trial.parts, buffer }));
  }
  const expected = expectedValues(input, weights);
  try {
    const results = await engine.execute(rec);
    return downloads.every((download) => {
      const found = planarValues(results.u32(download), shape, storage);
      return expected.every((value, k) => value === found[k]);
    });
  } catch (error) {
    if (error instanceof EngineError && (error.code === 'ShaderCompile' || error.code === 'Validation')) return false;
    throw error;
  }
}

/**
 * The fastest method that an adapter computes correctly. Subgroup matrices are an experiment of the platform and of drivers;
 * where they fail a trial, convolutions do without.
 * @throws EngineError where the device is lost or has no memory
 */
export async function chooseMethod(engine: Engine, storage: Storage): Promise<ConvolutionMethod> {
  const method = methodFor(engine.caps, storage);
  const matrix = matrixKernels.some((kernel) => kernel.method === method);
  if (!matrix) return methodOn(engine, storage, method);
  if (await convolvesExactly(engine, method, storage)) return method;
  return methodOn(engine, storage, methodFor({ ...engine.caps, matrices: [] }, storage));
}

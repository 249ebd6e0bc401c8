/** Settings that IBSI 2's filters share, and their checks. */
import type { BufferRef, Recording } from '../../../engine/index.ts';
import { type Box, wholeBox } from '../../box.ts';
import { type DeviceVolume, gridOf } from '../../device-volume.ts';
import { PipelineError } from '../../errors.ts';
import { boxGrid } from '../../geometry.ts';
import type { FilteredImage } from '../filtered-image.ts';
import { boundaries, type Boundary, type Part, type Setting } from './boundary.ts';

export interface CommonSettings {
  /** What is beyond the border of the image. Default mirror. */
  readonly boundary?: Boundary;
}

export interface DimensionSettings extends CommonSettings {
  /** 3: in space; 2: in each plane of x and y by itself. Default 3. */
  readonly dimensions?: 2 | 3;
}

/** How the responses to a rotated filter become one. */
export const poolings = ['max', 'average'] as const;
export type Pooling = (typeof poolings)[number];

/** Throws BadSetting unless a value is one of those allowed. */
export function checkOneOf(name: string, value: unknown, allowed: readonly unknown[]): void {
  if (!allowed.includes(value))
    throw new PipelineError('BadSetting', `${name}: expected one of ${allowed.join(', ')}, found ${String(value)}`);
}

/** Throws BadSetting unless a value is a number above 0. */
export function checkPositive(name: string, value: number): void {
  if (!(value > 0 && value < Number.POSITIVE_INFINITY))
    throw new PipelineError('BadSetting', `${name}: expected a number above 0, found ${value}`);
}

/** Throws BadSetting unless a value is a whole number of at least `least`. */
export function checkWhole(name: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least)
    throw new PipelineError('BadSetting', `${name}: expected a whole number of at least ${least}, found ${value}`);
}

/** Throws BadSetting unless a value is an odd number of at least 1. */
export function checkOdd(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1 || value % 2 === 0)
    throw new PipelineError('BadSetting', `${name}: expected an odd number of voxels, found ${value}`);
}

/** How much the distances between voxels may differ where filters need them alike: rounding in files. */
const SAME_SPACING = 1e-3;

/**
 * The distance between voxels, mm, which is the same along some axes.
 * @throws PipelineError BadSetting where it is not
 */
export function commonSpacing({ spacing }: DeviceVolume, axes: readonly (0 | 1 | 2)[], filter: string): number {
  const along = axes.map((a) => spacing[a]);
  const least = Math.min(...along);
  if (Math.max(...along) > least * (1 + SAME_SPACING))
    throw new PipelineError(
      'BadSetting',
      `${filter}: expected voxels of equal sides, found ${along.join(' x ')} mm; resample the image, or filter planes`,
    );
  return least;
}

/** An image to be filtered: its voxels, the wanted ones, the setting of all passes. */
export interface Task {
  readonly setting: Setting;
  readonly part: Part;
  readonly box: Box;
  /** Keeps the responses as an image. */
  finish(name: string, responses: Part): FilteredImage[];
}

/**
 * What filters start with.
 * @param box the voxels wanted; null for all
 * @throws PipelineError BadSetting on an unknown boundary, or a box that is not inside the image
 */
export function taskOf(
  rec: Recording,
  image: DeviceVolume,
  boundary: Boundary,
  box: Box | null,
  software: boolean,
): Task {
  checkOneOf('boundary', boundary, boundaries);
  const wanted = box ?? wholeBox(image);
  const grid = boxGrid(image, wanted);
  const shared = new Map<string, BufferRef>();
  function scratch(name: string, voxels: number): BufferRef {
    const key = `${name} ${voxels}`;
    const buffer = shared.get(key) ?? rec.buffer(name, 4 * voxels);
    shared.set(key, buffer);
    return buffer;
  }
  return {
    setting: { rec, grid: gridOf(image), boundary, software, scratch },
    part: { buffer: image.voxels, box: wholeBox(image) },
    box: wanted,
    finish: (name, { buffer }) => [
      { name, image: { ...grid, voxels: rec.keep(buffer), tails: null, type: 'float32' } },
    ],
  };
}

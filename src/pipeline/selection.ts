/** Which regions of a mask to extract: single labels, unions, or all. */
import { type Box, boxUnion } from './box.ts';
import { PipelineError } from './errors.ts';
import { findLabels, type LabelBounds } from './roi/bounds.ts';
import { type PackedLabels, packLabels } from './roi/labels.ts';
import type { Mask } from './volume.ts';

/** Label values whose union is one region. */
export type LabelUnion = readonly number[];

/** One region to extract. */
export interface Selection {
  /** Label values joined by `+`: the region's name in rows and messages. */
  readonly name: string;
  readonly labels: LabelUnion;
  /** Label indices in the packed mask. */
  readonly indices: readonly number[];
  readonly voxels: number;
  /** Box in voxels of the whole mask. */
  readonly box: Box;
}

/**
 * Reads `1`, `1+2` or `all`.
 * @throws PipelineError BadSetting
 */
export function parseLabels(text: string): LabelUnion | 'all' {
  if (text.trim() === 'all') return 'all';
  const labels = text.split('+').map((part) => (/^\s*\d+\s*$/.test(part) ? Number(part) : Number.NaN));
  if (labels.some((l) => !Number.isInteger(l) || l < 0)) {
    throw new PipelineError('BadSetting', `expected a label, a union such as 1+2, or "all"; found "${text}"`);
  }
  return [...new Set(labels)];
}

/** The labels of a mask: how it is packed, and which labels it has. */
export interface MaskLabels {
  readonly packed: PackedLabels;
  readonly found: readonly LabelBounds[];
}

/** The unions of labels that a call asks for. @param labels all labels of the mask in ascending order, a list, or one label when undefined */
export function labelUnions(
  { packed, found }: MaskLabels,
  labels: readonly (number | LabelUnion)[] | 'all' | undefined,
  fallback: number,
): LabelUnion[] {
  if (labels === 'all')
    return found
      .map((f) => packed.valueOf(f.index))
      .sort((a, b) => a - b)
      .map((label) => [label]);
  return (labels ?? [fallback]).map((l) => (typeof l === 'number' ? [l] : l));
}

/** Packs a mask and finds its labels. */
export function findMaskLabels(mask: Mask): MaskLabels {
  const packed = packLabels(mask);
  return { packed, found: findLabels(packed, mask.size) };
}

/** Masks of whole-body structures have about a hundred labels. */
const MOST_LABELS = 150;

/**
 * Finds the labels of a selection in a mask.
 * @throws PipelineError LabelNotFound naming the labels there are
 */
export function resolveSelection(labels: LabelUnion, { packed, found }: MaskLabels): Selection {
  const parts = labels.map((label) => {
    const index = packed.indexOf(label);
    const part = found.find((f) => f.index === index);
    if (!part)
      throw new PipelineError(
        'LabelNotFound',
        `label ${label} is not in the mask; it has ${listLabels(packed, found)}${found.length > MOST_LABELS ? '. So many labels are like an image: are image and mask in each other’s place?' : ''}`,
      );
    return part;
  });
  return {
    name: labels.join('+'),
    labels,
    indices: parts.map((p) => p.index),
    voxels: parts.reduce((sum, p) => sum + p.voxels, 0),
    box: parts.map((p) => p.box).reduce(boxUnion),
  };
}

function listLabels(packed: PackedLabels, found: readonly LabelBounds[]): string {
  const values = found.map((f) => packed.valueOf(f.index)).sort((a, b) => a - b);
  return values.length > 20 ? `${values.slice(0, 20).join(', ')} and ${values.length - 20} more` : values.join(', ');
}

/** Splits selections into groups in which no label occurs twice: a voxel can be in one region of a pass only. */
export function disjointGroups(selections: readonly Selection[]): Selection[][] {
  const groups: { used: Set<number>; members: Selection[] }[] = [];
  for (const selection of selections) {
    let group = groups.find((g) => !selection.indices.some((i) => g.used.has(i)));
    if (!group) {
      group = { used: new Set(), members: [] };
      groups.push(group);
    }
    group.members.push(selection);
    for (const i of selection.indices) group.used.add(i);
  }
  return groups.map((g) => g.members);
}

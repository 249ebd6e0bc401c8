/** The regions that a command is asked for. */
import { PipelineError } from '../../../pipeline/errors.ts';
import { type LabelUnion, parseLabels } from '../../../pipeline/selection.ts';

/**
 * The values of `--label`: labels, unions of them, or `all`; undefined where the option is absent.
 * @throws PipelineError BadSetting
 */
export function parseRegions(texts: readonly string[] | undefined): readonly LabelUnion[] | 'all' | undefined {
  if (!texts) return undefined;
  const parsed = texts.map(parseLabels);
  if (!parsed.includes('all')) return parsed as LabelUnion[];
  if (parsed.length > 1)
    throw new PipelineError('BadSetting', '--label all stands alone; found it beside other labels');
  return 'all';
}

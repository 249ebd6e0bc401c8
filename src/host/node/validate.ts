/** What can be said of a cohort without computing: whether its files are there. */
import { PipelineError } from '../../pipeline/errors.ts';
import type { Case } from './cases.ts';
import { kindOf } from './read.ts';

/**
 * Looks for the images and masks of all cases.
 * @throws PipelineError BadFile with a line for every file that is missing or of no known format
 */
export async function checkCases(cases: readonly Pick<Case, 'image' | 'mask'>[]): Promise<void> {
  const wrong: string[] = [];
  for (const [index, { image, mask }] of cases.entries()) {
    for (const path of [image, mask]) {
      const problem = await kindOf(path).then(
        () => null,
        (error: Error) => error.message,
      );
      if (problem) wrong.push(`case ${index + 1} of ${cases.length}: ${problem}`);
    }
  }
  if (wrong.length > 0) throw new PipelineError('BadFile', wrong.join('\n'));
}

#!/usr/bin/env node
/** The command line: `voxomics extract`, `voxomics info`. */
import { Command } from 'commander';
import { EngineError } from '../../engine/index.ts';
import { PipelineError } from '../../pipeline/errors.ts';
import { version } from '../../version.ts';
import { extractCommand } from './commands/extract.ts';
import { infoCommand } from './commands/info.ts';

const program = new Command('voxomics')
  .description('GPU-native radiomics: PyRadiomics’ features computed by WebGPU kernels')
  .version(version)
  .addCommand(extractCommand())
  .addCommand(infoCommand())
  .showHelpAfterError('(voxomics --help shows the commands, voxomics extract --help the options)')
  .addHelpText(
    'after',
    `
Examples:
  voxomics extract image.nii.gz mask.nii.gz                      one row as JSON
  voxomics extract image.nrrd mask.nrrd --label all -f csv -o features.csv
  voxomics extract ct.nii.gz mask.nii.gz --label 1+2 --setting binWidth=10 --classes firstorder,glcm
  voxomics info                                                  adapters and what is missing`,
  );

/** Exit codes: 0 done, 1 bad input, 2 bad command line, 3 GPU failure. */
function exitCode(error: unknown): number {
  if (error instanceof PipelineError) return 1;
  return error instanceof EngineError ? 3 : 4;
}

try {
  await program.parseAsync();
} catch (error) {
  const known = error instanceof PipelineError || error instanceof EngineError;
  process.stderr.write(
    known
      ? `voxomics: ${error.code}: ${error.message}\n`
      : `voxomics: ${error instanceof Error ? error.stack : String(error)}\n`,
  );
  process.exitCode = exitCode(error);
}
// Dawn keeps the event loop alive as long as an instance is reachable.
process.stdout.write('', () => process.exit());

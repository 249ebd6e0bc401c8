#!/usr/bin/env -S node --max-semi-space-size=2
/** The command line: `voxomics extract`, `voxomics info`. */
import { Command, CommanderError } from 'commander';
import { EngineError } from '../../engine/index.ts';
import { PipelineError } from '../../pipeline/errors.ts';
import { version } from '../../version.ts';
import { extractCommand } from './commands/extract.ts';
import { infoCommand } from './commands/info.ts';
import { mapCommand } from './commands/map.ts';
import { n4Command } from './commands/n4.ts';
import { normaliseCommand, nyulCommand } from './commands/normalise.ts';
import { paramsCommand } from './commands/params.ts';
import { preprocessCommand } from './commands/preprocess.ts';
import { resampleCommand } from './commands/resample.ts';

const program = new Command('voxomics')
  .description('GPU-native radiomics: PyRadiomics’ features computed by WebGPU kernels')
  .version(version)
  .addCommand(extractCommand())
  .addCommand(mapCommand())
  .addCommand(paramsCommand())
  .addCommand(preprocessCommand())
  .addCommand(n4Command())
  .addCommand(normaliseCommand())
  .addCommand(nyulCommand())
  .addCommand(resampleCommand())
  .addCommand(infoCommand())
  .addHelpText(
    'after',
    `
Examples:
  voxomics extract image.nii.gz mask.nii.gz                      one row as JSON
  voxomics extract image.nrrd mask.nrrd --label all -f csv -o features.csv
  voxomics extract ct.nii.gz mask.nii.gz --label 1+2 --setting binWidth=10 --classes firstorder,glcm
  voxomics map image.nrrd mask.nrrd --features glcm:Contrast     a map of a feature
  voxomics info                                                  adapters and what is missing`,
  );

// Errors of the command line are thrown, so that all ways out pass below.
for (const command of [program, ...program.commands, ...program.commands.flatMap((c) => c.commands)]) {
  command
    .exitOverride()
    .showHelpAfterError('(voxomics --help shows the commands, voxomics extract --help the options)');
}

/** Exit status: 0 done, 1 bad input, 2 bad command line, 3 GPU failure, 4 anything else. */
function exitStatus(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof PipelineError) return 1;
  return error instanceof EngineError ? 3 : 4;
}

/** What to print of an error; commander has printed its own. */
function describe(error: unknown): string {
  if (error instanceof CommanderError) return '';
  if (error instanceof PipelineError || error instanceof EngineError)
    return `voxomics: ${error.code}: ${error.message}\n`;
  return `voxomics: ${error instanceof Error ? error.stack : String(error)}\n`;
}

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(describe(error));
  process.exitCode = exitStatus(error);
}
// Dawn keeps the event loop alive as long as an instance is reachable.
process.stdout.write('', () => process.exit());

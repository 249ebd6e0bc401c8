#!/usr/bin/env -S node --max-semi-space-size=2
/** The command line. */
import { Command, CommanderError } from 'commander';
import { EngineError } from '../../engine/index.ts';
import { PipelineError } from '../../pipeline/errors.ts';
import { version } from '../../version.ts';
import { convertCommand } from './commands/convert.ts';
import { deepCommand } from './commands/deep.ts';
import { dicomCommand } from './commands/dicom.ts';
import { extractCommand } from './commands/extract.ts';
import { filterCommand } from './commands/filter.ts';
import { infoCommand } from './commands/info.ts';
import { mapCommand } from './commands/map.ts';
import { n4Command } from './commands/n4.ts';
import { normaliseCommand, nyulCommand } from './commands/normalise.ts';
import { paramsCommand } from './commands/params.ts';
import { preprocessCommand } from './commands/preprocess.ts';
import { resampleCommand } from './commands/resample.ts';
import { verifyCommand } from './commands/verify.ts';
import { weightsCommand } from './commands/weights.ts';

const program = new Command('voxomics')
  .description('GPU-native radiomics: PyRadiomics’ features computed by WebGPU kernels')
  .version(version)
  .addCommand(extractCommand())
  .addCommand(deepCommand())
  .addCommand(mapCommand())
  .addCommand(paramsCommand())
  .addCommand(preprocessCommand())
  .addCommand(n4Command())
  .addCommand(normaliseCommand())
  .addCommand(nyulCommand())
  .addCommand(resampleCommand())
  .addCommand(filterCommand())
  .addCommand(dicomCommand())
  .addCommand(convertCommand())
  .addCommand(infoCommand())
  .addCommand(verifyCommand())
  .addCommand(weightsCommand())
  .addHelpText(
    'after',
    `
Examples:
  voxomics extract image.nii.gz mask.nii.gz                      one row as JSON
  voxomics extract image.nrrd mask.nrrd --label all -f csv -o features.csv
  voxomics extract ct.nii.gz mask.nii.gz --label 1+2 --setting binWidth=10 --classes firstorder,glcm
  voxomics extract mr.nii.gz mask.nii.gz -p guo2024-a            1037 features: a preset or PyRadiomics’ parameter file
  voxomics extract cases.csv -p params.yaml -o rows.parquet      a cohort; goes on where it was interrupted
  voxomics extract ct/ rtstruct.dcm --region GTV-1               DICOM: a folder of slices and a contour
  voxomics extract study.zip seg.dcm --series "T1 axial" --phase 2
  voxomics preprocess mr.nii.gz ready.nii.gz --n4 --normalise zscore --spacing 1,1,1 --preview look.png
  voxomics filter ct.nii.gz mean.nii.gz --type mean --support 5  IBSI 2’s filters: mean, Laws, LoG, Gabor, wavelets
  voxomics dicom list study/                                     the series, phases and masks in a folder
  voxomics convert study/ t1.nii.gz --series 301                 a series as NIfTI
  voxomics deep mr.nii.gz mask.nii.gz --arch medicalnet --weights resnet_18.pth      512 features of a 3D ResNet18
  voxomics map image.nrrd mask.nrrd --features glcm:Contrast     a map of a feature
  voxomics weights inspect resnet_18.pth                         which network a file of weights fits
  voxomics info                                                  adapters and what is missing
  voxomics verify -o certificate.html                            are the numbers right on this adapter?`,
  );

// Errors of the command line are thrown, so that all ways out pass below.
function throwErrors(command: Command, name: string): void {
  command.exitOverride().showHelpAfterError(`(${name} --help shows what there is)`);
  for (const own of command.commands) throwErrors(own, `${name} ${own.name()}`);
}
throwErrors(program, 'voxomics');

/** Exit status: 0 done, 1 bad input, 2 bad command line, 3 GPU failure, 4 anything else; 5 is set by `extract`. */
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

// itk-wasm tells the console what becomes an error of ours: standard output is for results.
for (const method of ['log', 'error'] as const) console[method] = () => undefined;

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(describe(error));
  process.exitCode = exitStatus(error);
}
// Dawn keeps the event loop alive as long as an instance is reachable.
process.stdout.write('', () => process.exit());

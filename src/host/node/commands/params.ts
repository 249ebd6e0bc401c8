/** `voxomics params list|show|check|schema`. */
import { Command } from 'commander';
import { imageTypeNames } from '../../../pipeline/image-types.ts';
import { paramsJsonSchema } from '../../../pipeline/params.ts';
import { presetNames, presetOf, presets } from '../../../pipeline/presets.ts';
import { formatParams } from '../../format/params-file.ts';
import { readParams } from '../params.ts';

const print = (text: string): void => void process.stdout.write(text);

export function paramsCommand(): Command {
  const command = new Command('params').description('presets, and PyRadiomics’ parameter files');
  command
    .command('list')
    .description('the presets')
    .action(() => {
      const width = Math.max(...presetNames.map((name) => name.length)) + 2;
      print(presetNames.map((name) => `${name.padEnd(width)}${presets[name].description}\n`).join(''));
    });
  command
    .command('show')
    .description('a preset as a parameter file, to be kept and changed')
    .argument('<preset>', presetNames.join(', '))
    .action((name: string) => {
      const { description, params } = presetOf(name);
      print(`# ${description}\n${formatParams(params)}`);
    });
  command
    .command('check')
    .description('check a parameter file; every wrong line is named')
    .argument('<file>', '.yaml, .yml or .json')
    .action(async (file: string) => {
      const { imageTypes, classes } = await readParams(file);
      const names = (chosen: object) => (Array.isArray(chosen) ? chosen : Object.keys(chosen)).join(', ');
      print(`correct. Image types: ${names(imageTypes)}. Feature classes: ${names(classes)}\n`);
    });
  command
    .command('schema')
    .description(`JSON Schema of parameter files, for editors (image types: ${imageTypeNames.join(', ')})`)
    .action(() => print(`${JSON.stringify(paramsJsonSchema(), null, 2)}\n`));
  return command;
}

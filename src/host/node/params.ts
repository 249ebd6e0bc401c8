/** Parameters from a file or by the name of a preset. */
import { extname } from 'node:path';
import { PipelineError } from '../../pipeline/errors.ts';
import { type Params, parseParams } from '../../pipeline/params.ts';
import { presetNames, presets } from '../../pipeline/presets.ts';
import { type SettingsInput, suggest } from '../../pipeline/settings.ts';
import { baseName } from '../format/decoded.ts';
import { parseParamsFile } from '../format/params-file.ts';
import { readBytes } from './files.ts';

/**
 * The parameters that a word names: a preset, or a YAML or JSON file.
 * @param overrides settings that the caller will put in place of these
 * @throws PipelineError BadSetting on an unknown preset, or with every line of the file that is wrong; BadFile
 */
export async function readParams(fileOrPreset: string, overrides: SettingsInput = {}): Promise<Params> {
  const preset = presetNames.find((name) => name === fileOrPreset);
  if (preset) return parseParams(presets[preset].params, overrides);
  if (!/^\.(ya?ml|json)$/i.test(extname(fileOrPreset)))
    throw new PipelineError(
      'BadSetting',
      `expected a preset or a file that ends with .yaml, .yml or .json, found ${baseName(fileOrPreset)}.${suggest(fileOrPreset, presetNames)} Presets: ${presetNames.join(', ')}`,
    );
  return parseParamsFile(new TextDecoder().decode(await readBytes(fileOrPreset)), baseName(fileOrPreset), overrides);
}

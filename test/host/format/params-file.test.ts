/** Parameter files: PyRadiomics' own, and messages that name the line. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatParams, parseParamsFile } from '../../../src/host/format/params-file.ts';
import { paramsJsonSchema, parseParams } from '../../../src/pipeline/params.ts';
import { presetNames, presetOf, presets } from '../../../src/pipeline/presets.ts';
import { describeShared, hasShared, sharedPath } from '../../support/shared.ts';

describe('parameter files', () => {
  it('read YAML and JSON alike', () => {
    const yaml =
      'setting:\n  binWidth: 5\n  weightingNorm:\nimageType:\n  LoG:\n    sigma: [1.5, 2]\nfeatureClass:\n  glcm: [Contrast]\n  shape:\nvoxelSetting:\n  kernelRadius: 2\n';
    const json = JSON.stringify({
      setting: { binWidth: 5, weightingNorm: null },
      imageType: { LoG: { sigma: [1.5, 2] } },
      featureClass: { glcm: ['Contrast'], shape: null },
      voxelSetting: { kernelRadius: 2 },
    });
    expect(parseParamsFile(yaml, 'p.yaml')).toEqual({
      settings: { binWidth: 5, weightingNorm: null },
      // A whole number names its image as it stands: log-sigma-2-mm-3D.
      imageTypes: { LoG: { sigma: [1.5, '2'] } },
      classes: { glcm: ['Contrast'], shape: null },
      voxelSettings: { kernelRadius: 2 },
    });
    expect(parseParamsFile(json, 'p.json')).toEqual(parseParamsFile(yaml, 'p.yaml'));
  });

  it('count settings that replace those of the file', () => {
    const text = 'setting:\n  resampledGrid: ibsi\n';
    expect(() => parseParamsFile(text, 'p.yaml')).toThrow(/needs resampledPixelSpacing/);
    const { settings } = parseParamsFile(text, 'p.yaml', { resampledPixelSpacing: [1, 1, 1] });
    expect(settings).toEqual({ resampledGrid: 'ibsi' });
  });

  it('take the original image and all classes where nothing is named', () => {
    const { imageTypes, classes } = parseParamsFile('', 'p.yaml');
    expect(imageTypes).toEqual(['Original']);
    expect(classes).toContain('shape2D');
    expect(parseParams({ featureClass: { firstorder: [] } }).classes).toEqual({ firstorder: null });
  });

  it.each([
    ['setting:\n  binWidth: -3\n', [/^p\.yaml:2: setting\.binWidth: .*found -3$/]],
    ['setting:\n  binWidht: 3\n', [/^p\.yaml:2: unknown key binWidht\. Did you mean binWidth\?/]],
    ['imageType:\n  Original: {}\n  Wavlet: {}\n', [/^p\.yaml:3: .*Did you mean Wavelet\?.*LoG/]],
    ['imageType:\n  LoG:\n    sigma: [1, -2]\n', [/^p\.yaml:3: imageType\.LoG\.sigma\.1: .*found -2$/]],
    ['featureClass:\n  glcm:\n    - Contrast\n    - Contrst\n', [/^p\.yaml:4: .*Did you mean Contrast\?/]],
    ['settings: {}\n', [/^p\.yaml:1: unknown key settings\. Did you mean setting\?/]],
    ['a: [1\nb: 2', [/^p\.yaml:\d: /]],
    ['setting:\n  label: 1.5\n  force2D: 2\n', [/^p\.yaml:2: setting\.label/, /^p\.yaml:3: setting\.force2D/]],
    ['setting:\n  resampledGrid: ibis\n', [/^p\.yaml:2: .*"pyradiomics"\|"ibsi"\|"itk".*found "ibis"$/]],
    ['setting:\n  force2D: true\n  resampledGrid: ibsi\n', [/^p\.yaml:3: .*needs resampledPixelSpacing/]],
    [
      'imageType:\n  LoG:\n    sigma: [1]\n    resampledRounding: true\n',
      [/^p\.yaml:4: imageType\.LoG\.resampledRounding: needs/],
    ],
    ['setting:\n  resegmentSigmas: 0\n', [/^p\.yaml:2: setting\.resegmentSigmas: .*found 0$/]],
    [
      'imageType:\n  IbsiMean:\n    suport: 3\n',
      [/^p\.yaml:2: imageType\.IbsiMean\.support/, /^p\.yaml:3: unknown key suport\. Did you mean support\?/],
    ],
    [
      'imageType:\n  IbsiMean:\n    support: 4\n',
      [/^p\.yaml:3: imageType\.IbsiMean\.support: expected an odd number.*found 4$/],
    ],
    ['imageType:\n  IbsiMean:\n', [/^p\.yaml:2: imageType\.IbsiMean: .*found null$/]],
    [
      'imageType:\n  IbsiLoG:\n    - sigma: 3\n    - sigma: 0\n      riesz: [0, 0]\n',
      [
        /^p\.yaml:4: imageType\.IbsiLoG\.1\.sigma: .*found 0$/,
        /^p\.yaml:5: imageType\.IbsiLoG\.1\.riesz: expected an order/,
      ],
    ],
    [
      'imageType:\n  IbsiWavelet: {wavelet: db2, bands: LHX}\n',
      [/^p\.yaml:2: .*expected two or three of L and H.*"LHX"$/],
    ],
    ['imageType:\n  IbsiSimonceli: {}\n', [/^p\.yaml:2: .*Did you mean IbsiSimoncelli\?/]],
    ['setting:\n  lbp2DMethod: rot\n', [/^p\.yaml:2: .*"default"\|"ror"\|"uniform"\|"var".*found "rot"$/]],
  ])('%j is refused with every line that is wrong', (text, messages) => {
    const lines = (() => {
      try {
        parseParamsFile(text, 'p.yaml');
        return [];
      } catch (error) {
        expect(error).toMatchObject({ name: 'PipelineError', code: 'BadSetting' });
        return (error as Error).message.split('\n');
      }
    })();
    messages.forEach((message, i) => {
      expect(lines[i]).toMatch(message);
    });
    expect(lines.length).toBeGreaterThanOrEqual(messages.length);
  });
});

describe('presets', () => {
  it.each([...presetNames])('%s comes back from its text', (name) => {
    const { params } = presets[name];
    expect(parseParamsFile(formatParams(params), 'p.yaml')).toEqual(parseParams(params));
  });

  it('are found by name, or a name is suggested', () => {
    expect(presetOf('mr').description).toContain('MR');
    expect(() => presetOf('guo2024')).toThrow(/Did you mean guo2024-a\?/);
  });

  it('the schema for editors knows every key', () => {
    const text = JSON.stringify(paramsJsonSchema());
    for (const key of [
      'binWidth',
      'LBP3D',
      'featureClass',
      'kernelRadius',
      'GrayLevelNonUniformity',
      'resampledGrid',
      'resegmentSigmas',
      'moran_i',
    ])
      expect(text).toContain(`"${key}"`);
  });
});

describeShared('PyRadiomics’ parameter files', () => {
  const folders = ['reference/pyradiomics/params', 'data/pyradiomics/examples/exampleSettings'];
  const files = (hasShared ? folders : []).flatMap((folder) =>
    readdirSync(sharedPath(folder))
      .filter((name) => /\.(ya?ml|json)$/.test(name))
      .map((name) => ({ folder, name })),
  );
  it.each(files)('$name is read', ({ folder, name }) => {
    const { classes } = parseParamsFile(readFileSync(sharedPath(folder, name), 'utf8'), name);
    expect(Object.keys(classes).length).toBeGreaterThan(0);
  });

  it.each([
    ['original_default', 'pyradiomics'],
    ['paper1037a', 'guo2024-a'],
    ['paper1037b', 'guo2024-b'],
    ['all_types', 'all'],
    ['mr_norm', 'mr'],
  ])('%s is the preset %s', (file, preset) => {
    const recorded = parseParamsFile(readFileSync(sharedPath(folders[0]!, `${file}.yaml`), 'utf8'), file);
    const { settings, imageTypes, classes } = parseParams(presetOf(preset).params);
    // A width of 25 is the default.
    expect(settings).toEqual({ ...(recorded.settings.binCount ? {} : { binWidth: 25 }), ...recorded.settings });
    expect(Object.entries(imageTypes)).toEqual(Object.entries(recorded.imageTypes));
    expect(Object.keys(classes)).toEqual(Object.keys(recorded.classes));
  });
});

/** `voxomics weights inspect`. */
import { Command } from 'commander';
import { inspectWeights, type TensorReport, type WeightsReport } from '../../format/weights/inspect.ts';
import { readBytes } from '../files.ts';
import { weightsWanted } from '../weights.ts';

export function weightsCommand(): Command {
  const command = new Command('weights').description('files of weights of 3D ResNet18s (docs/weights.md)');
  command
    .command('inspect')
    .description('what a file holds, which network it fits, and what is missing; status 1 where it fits none')
    .argument('<file>', '.pth, .pt, .safetensors or .onnx')
    .option('--json', 'as JSON')
    .action(async (path: string, { json }: { json?: boolean }) => {
      const report = await inspectWeights(await readBytes(path, weightsWanted), path);
      process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : describe(report));
      if (report.fault || !report.variants.some((variant) => variant.fits)) process.exitCode = 1;
    });
  return command;
}

const number = (value: number | null): string => (value === null ? '-' : value.toPrecision(4)).padStart(13);

function tensorLine({ name, dtype, shape, min, max, mean, nonFinite }: TensorReport, width: number): string {
  const bad = nonFinite > 0 ? `  ${nonFinite} not finite` : '';
  return `  ${name.padEnd(width)}  ${dtype.padEnd(8)}  ${(shape.join('x') || 'one value').padEnd(14)}${number(min)}${number(max)}${number(mean)}${bad}`;
}

function describe({ file, container, bytes, sha256, network, parameters, tensors, ...report }: WeightsReport): string {
  const width = Math.max(...tensors.map(({ name }) => name.length), 6);
  const shape = network
    ? `3D ResNet18, ${network.variants.join(' or ')}: width ${network.width}, input channels ${network.channels}, ` +
      `shortcut ${network.shortcut}, ${network.features} features, ${parameters.toLocaleString('en')} parameters`
    : 'no 3D ResNet18';
  return [
    `${file}: ${container}, ${(bytes / 2 ** 20).toFixed(2)} MiB, ${tensors.length} tensors`,
    `sha256 ${sha256 ?? 'not available'}`,
    shape,
    ...report.notes,
    '',
    `  ${'tensor'.padEnd(width)}  type      shape                   min          max         mean`,
    ...tensors.map((tensor) => tensorLine(tensor, width)),
    '',
    ...report.variants.flatMap((variant) => [
      `${variant.variant.padEnd(12)} ${variant.fits ? 'fits' : 'does not fit'}`,
      ...variant.differences.map((difference) => `             ${difference}`),
    ]),
    ...(report.fault ? [report.fault] : []),
    '',
  ].join('\n');
}

/** `voxomics verify`. */
import { extname } from 'node:path';
import { Command } from 'commander';
import { PipelineError } from '../../../pipeline/errors.ts';
import { isVerified, verify } from '../../../pipeline/verify/index.ts';
import { version } from '../../../version.ts';
import { type Certificate, certificateHtml, verificationText } from '../../format/certificate.ts';
import { readIbsiData } from '../ibsi-data.ts';
import { checkPlace, writeAtomically } from '../write.ts';
import { type EngineFlags, engineOptions, withEngine } from './with-engine.ts';

interface Options extends EngineFlags {
  readonly data?: string;
  readonly output?: string;
}

export function verifyCommand(): Command {
  const command = new Command('verify')
    .description('compute IBSI’s phantoms on this adapter and compare with the published consensus values')
    .option(
      '--data <folder>',
      'IBSI’s data (github.com/theibsi: data_sets, ibsi_2_reference_data): CT phantom, response maps',
    )
    .option('-o, --output <file.html>', 'write a certificate as .html, and all values as .json beside it')
    .addHelpText('after', '\nExit status 1 where a value is not within its tolerance.')
    .action(run);
  return engineOptions(command);
}

/**
 * The two files of a certificate.
 * @throws PipelineError BadSetting where the name ends with neither
 */
function certificatePaths(path: string): { readonly html: string; readonly json: string } {
  const ending = extname(path);
  if (!['.html', '.json'].includes(ending.toLowerCase()))
    throw new PipelineError(
      'BadSetting',
      `--output: expected a name that ends with .html, found ${ending || 'no ending'}`,
    );
  const stem = path.slice(0, -ending.length);
  return { html: `${stem}.html`, json: `${stem}.json` };
}

async function run({ data, output, ...flags }: Options): Promise<void> {
  const paths = output === undefined ? null : certificatePaths(output);
  for (const path of paths ? [paths.html, paths.json] : []) await checkPlace(path);
  const { ctPhantom, maps } = data === undefined ? { ctPhantom: null, maps: null } : await readIbsiData(data);
  await withEngine(flags, async ({ engine, signal, onProgress }) => {
    const started = performance.now();
    const report = await verify(engine, { ctPhantom, maps, signal, onProgress });
    const certificate: Certificate = {
      date: new Date().toISOString(),
      version,
      host: `Node ${process.version}, ${process.platform} ${process.arch}`,
      caps: engine.caps,
      seconds: (performance.now() - started) / 1000,
      report,
    };
    if (paths) {
      await writeAtomically(paths.html, certificateHtml(certificate));
      await writeAtomically(
        paths.json,
        `${JSON.stringify({ verified: isVerified(report), ...certificate }, null, 2)}\n`,
      );
    }
    const { adapter, driver } = engine.caps;
    process.stdout.write(`${[adapter, driver].filter(Boolean).join(', ')}\n\n${verificationText(report)}`);
    if (!isVerified(report)) process.exitCode = 1;
  });
}

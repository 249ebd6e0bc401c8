/** Files that are refused: damaged, misleading, malicious. */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { loadWeights } from '../../../../src/host/format/weights/index.ts';
import { PipelineError } from '../../../../src/pipeline/errors.ts';
import { describeShared, sharedPath } from '../../../support/shared.ts';

/** What each message must say of the file, after the reasons in expected.json. */
const findings: Record<string, RegExp> = {
  'pickle_global_print_zip.pth': /"builtins\.print".*nothing of the file was run.*state_dict\(\)/,
  'pickle_global_print_legacy.pth': /"builtins\.print".*nothing of the file was run/,
  'pickle_global_print_first.pth': /"builtins\.print".*nothing of the file was run/,
  'pickle_raw_print.pth': /"builtins\.print".*nothing of the file was run/,
  'pickle_stack_global_print.pth': /"builtins\.print".*nothing of the file was run/,
  'pickle_os_name_only.pth': /"posix\.system".*nothing of the file was run/,
  'pickle_torch_other_global.pth': /"torch\.load".*nothing of the file was run/,
  'whole_model_zip.pth': /"__main__\.Net".*torch\.save\(model\.state_dict\(\)/,
  'truncated_zip.pth': /no directory at its end; copy, download/,
  'truncated_legacy.pth': /an end before the last storage; copy, download/,
  'legacy_wrong_magic.pth': /without the magic number/,
  'empty.pth': /an empty file/,
  'not_a_checkpoint.pth': /a web page/,
  'git_lfs_pointer.pth': /Git LFS.*git lfs pull/,
  'wrong_shape.pth': /layer2\.0\.conv1\.weight is \[2, 1, 3, 3, 1\], expected \[2, 1, 3, 3, 3\]/,
  'missing_keys.pth': /missing: (?=.*layer3\.1\.bn2\.running_var)(?=.*layer4\.0\.conv2\.weight)/,
  'unexpected_keys.pth': /unexpected: layer5\.0\.conv1\.weight/,
  'nan_weight.pth': /layer1\.0\.conv1\.weight has the value NaN at index 7/,
  'inf_weight.pth': /layer1\.0\.conv1\.weight has the value Infinity at index 7/,
  'negative_variance.pth': /bn1\.running_var has a negative variance \(-1\)/,
  'integer_weights.pth': /conv1\.weight of the type int8/,
  'storage_too_short.pth': /a storage of 8 bytes where its tensors need 24/,
  'huge_size.pth': /the shape \[2147483647,2147483647\] in a storage of 6 values/,
  'negative_stride.pth': /strides \[3,-1\]/,
  'zip_path_traversal.pth': /outside of it/,
  'zip_bomb.pth': /a compressed byte order, which PyTorch does not write/,
  'zip_without_data_pkl.pth': /without data\.pkl/,
  'big_endian.pth': /byte order "big"/,
  'st_header_length_huge.safetensors': /a header that is longer than the file/,
  'st_header_not_json.safetensors': /a header that is no JSON/,
  'st_offsets_beyond_file.safetensors': /the tensor w beyond the end/,
  'st_offsets_overlap.safetensors': /tensors a and b in the same bytes/,
  'st_shape_size_mismatch.safetensors': /the tensor w of the shape \[3\] in 8 bytes/,
  'st_unknown_dtype.safetensors': /the tensor w of the type F4_E2M1/,
  'st_duplicate_key.safetensors': /two tensors named w/,
  'st_proto_key.safetensors': /no first convolution among 1 tensors/,
  'truncated.onnx': /an end before the last field/,
};

describeShared('files that are refused', () => {
  const folder = sharedPath('reference/resnet');
  const { bad } = JSON.parse(readFileSync(`${folder}/weights/expected.json`, 'utf8')) as {
    readonly bad: Record<string, { readonly why: string }>;
  };
  const spies = (['log', 'info', 'warn', 'error'] as const).map((method) => ({ method, calls: vi.fn() }));
  beforeEach(() => {
    for (const { method, calls } of spies) vi.spyOn(console, method).mockImplementation(calls);
  });
  afterEach(() => vi.restoreAllMocks());

  test('each file has its reason here', () => {
    expect(Object.keys(findings).sort()).toEqual(Object.keys(bad).sort());
  });

  test.each(Object.entries(findings))('%s', async (name, finding) => {
    const bytes = new Uint8Array(readFileSync(`${folder}/bad/${name}`));
    const error = await loadWeights(bytes, `a/patient's folder/${name}`).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(PipelineError);
    expect((error as Error).message).toMatch(finding);
    expect((error as Error).message).toMatch(/^[\w.]+: expected [^;]+, found .+; .+/);
    expect((error as Error).message).not.toContain('patient');
    for (const { calls } of spies) expect(calls).not.toHaveBeenCalled();
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  test('unexpected tensors are left out with a note where that is asked for', async () => {
    const bytes = new Uint8Array(readFileSync(`${folder}/bad/unexpected_keys.pth`));
    const { weights, notes } = await loadWeights(bytes, 'a.pth', { strict: false });
    expect(notes.join()).toContain('layer5.0.conv1.weight');
    expect(weights.has('layer5.0.conv1.weight')).toBe(false);
  });
});

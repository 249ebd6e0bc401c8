/** What the kernels of convolutions bind (shaders/common/nn/convolution.wgsl). */
export const convolutionBindings = {
  params: 'uniform',
  activation: 'read',
  weights: 'read',
  bias: 'read',
  shortcut: 'read',
  results: 'read_write',
} as const;

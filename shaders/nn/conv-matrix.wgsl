// nn/conv-matrix: 3D convolution as an implicit matrix product by subgroup matrices. A workgroup of 128 makes 64 voxels x
// 64 channels. All invocations bring the inputs of a tap and the weights, DEPTH inputs at a time, into workgroup memory
// (the next ones are on their way while these are multiplied); the first OWNERS subgroups multiply a share of the tile each.
// main: whole convolutions. part: some of the inputs of each, for nn/conv-sum, where there are too few tiles for a GPU.
// Grid: workgroups, tiles of voxels first, then tiles of channels, then parts; voxels and channels out of range are not stored.
// Taps that are outside the image for all voxels of a tile are left out.
// Definition: cross-correlation with zero padding. Twin: test/reference/nn/conv.ts
enable subgroups;
enable chromium_experimental_subgroup_matrix;
#if F16
enable f16;
#endif
#import common/grid
#import common/nn/convolution
#import common/nn/tile

@group(0) @binding(6) var<storage, read_write> parts: array<vec4f>;   // [part][place in the order of work][quad]

override workgroup_size: u32 = 128;

// Left matrices are M x K, right ones K x N.
#constant M
#constant N
#constant K
// Inputs at a time, a multiple of K.
#constant DEPTH
// What a subgroup multiplies of the tile: multiples of M and of N.
#constant OWN_VOXELS
#constant OWN_CHANNELS
#if F16_MATRICES
alias Component = f16;
#else
alias Component = f32;
#endif

alias Left = subgroup_matrix_left<Component, K, M>;
alias Right = subgroup_matrix_right<Component, N, K>;
alias Sum = subgroup_matrix_result<f32, N, M>;

const SIZE = 128u;          // invocations
const TILE_VOXELS = 64u;
const TILE_CHANNELS = 64u;
const TILE_QUADS = TILE_CHANNELS / 4u;
const DEPTH_QUADS = DEPTH / 4u;
const BLOCK = 32u;          // quads of weights for eight inputs and 16 channels
const MOST_TAPS = 512u;
const WORDS = MOST_TAPS / 32u;
const LOADS = TILE_VOXELS * DEPTH_QUADS / SIZE;    // quads of inputs, and of weights, that an invocation brings
const LOAD_BLOCKS = SIZE / (DEPTH / 8u * BLOCK);    // blocks of 16 channels that all bring at once
const NOTHING = 0xffffffffu;

// Rows two quads longer than needed begin in different banks.
const INPUT_ROW = DEPTH_QUADS + 2u;
const WEIGHT_ROW = TILE_QUADS + 2u;

const OWNERS_ACROSS = TILE_CHANNELS / OWN_CHANNELS;
const OWNERS = OWNERS_ACROSS * TILE_VOXELS / OWN_VOXELS;
const ROWS = OWN_VOXELS / M;
const COLUMNS = OWN_CHANNELS / N;
alias Sums = array<array<Sum, COLUMNS>, ROWS>;
const RESULT = M * N / 4u;  // quads of a matrix

var<workgroup> sh_inputs: array<vec4<Component>, TILE_VOXELS * INPUT_ROW>;     // [voxel][quad of inputs]
var<workgroup> sh_weights: array<vec4<Component>, DEPTH * WEIGHT_ROW>;  // [input][quad of channels]
var<workgroup> sh_results: array<vec4f, OWNERS * RESULT>;
var<workgroup> sh_marks: array<atomic<u32>, WORDS>;
var<workgroup> sh_taps: array<u32, MOST_TAPS>;    // the taps that any voxel of the tile needs
var<workgroup> sh_count: u32;

// Lists the taps in sh_taps. `first` and `inside` are those of voxel `local % TILE_VOXELS`.
fn list_taps(local: u32, first: vec3u, inside: bool) -> u32 {
  let taps = params.extent.x * params.extent.y * params.extent.z;
  for (var tap = local / TILE_VOXELS; tap < taps; tap += SIZE / TILE_VOXELS) {
    if (inside && all(first + tap_offset(tap) < params.in_size)) { atomicOr(&sh_marks[tap / 32u], 1u << (tap % 32u)); }
  }
  workgroupBarrier();
  for (var tap = local; tap < taps; tap += SIZE) {
    var before = 0u;
    for (var word = 0u; word < tap / 32u; word++) { before += countOneBits(atomicLoad(&sh_marks[word])); }
    let bits = atomicLoad(&sh_marks[tap / 32u]);
    let bit = 1u << (tap % 32u);
    before += countOneBits(bits & (bit - 1u));
    if ((bits & bit) != 0u) { sh_taps[before] = tap; }
    if (tap == taps - 1u) { sh_count = before + u32((bits & bit) != 0u); }
  }
  return workgroupUniformLoad(&sh_count);
}

// The sums of a subgroup for the tile and its part.
fn multiply(sums: ptr<function, Sums>, tile: Tile, local: u32, subgroup: u32) {
  let in_quads = 2u * params.in_octets;
  let begin = 2u * tile.part * params.part_octets;
  let end = min(begin + 2u * params.part_octets, in_quads);
  let marked = tile.base + local % TILE_VOXELS;
  let count = list_taps(local, first_tap(voxel_at(marked)), marked < params.voxels);

  // An invocation brings the same quad of DEPTH inputs for LOADS voxels, and the same quad of an octet for LOADS blocks of
  // 16 channels.
  let own_quad = local % DEPTH_QUADS;
  let own_octet = local / BLOCK % (DEPTH / 8u);
  let own_block = local / (DEPTH / 8u * BLOCK);
  let block_w = params.extent.x * params.extent.y * params.extent.z * params.in_octets * BLOCK;
  let to_w = (own_octet * 8u + local % 8u) * WEIGHT_ROW + own_block * 4u + local / 8u % 4u;
  let last_block = (params.out_quads + 3u) / 4u - 1u;
  var voxels: array<vec4u, LOADS>;      // the first tap
  var blocks: array<u32, LOADS>;        // the first weight
  for (var k = 0u; k < LOADS; k++) {
    let place = tile.base + (local + k * SIZE) / DEPTH_QUADS;
    let voxel = voxel_at(place);
    // Out of range: under no tap.
    voxels[k] = vec4u(select(params.in_size, first_tap(voxel), place < params.voxels), voxel.w);
    blocks[k] = min(tile.quad / 4u + own_block + k * LOAD_BLOCKS, last_block) * block_w + local % BLOCK;
  }

  var inputs: array<vec4<Component>, LOADS>;
  var filters: array<vec4<Component>, LOADS>;
  var under: array<u32, LOADS>;         // first input under the tap, or NOTHING
  var tap_octet = 0u;                   // first octet of the tap's weights
  var next = 0u;                        // place of the next tap in the list
  var start = begin;                    // first quad of inputs that comes next
  let steps = count * ((end - begin + DEPTH_QUADS - 1u) / DEPTH_QUADS);
  let rounds = steps + 1u;
  // One round more than there are steps: each brings the data of its step and multiplies those of the step before.
  for (var step = 0u; step < rounds; step++) {
    if (step < steps) {
      if (start == begin) {
        let tap = sh_taps[next];
        let offset = tap_offset(tap);
        for (var k = 0u; k < LOADS; k++) {
          let at = voxels[k].xyz + offset;
          under[k] = select(NOTHING, quad_of(at, voxels[k].w, params.in_size, in_quads), all(at < params.in_size));
        }
        tap_octet = tap * params.in_octets;
        next++;
      }
      let wanted = start + own_quad;
      for (var k = 0u; k < LOADS; k++) {
        let used = under[k] != NOTHING && wanted < end;
        inputs[k] = select(vec4<Component>(), vec4<Component>(activation[select(0u, under[k] + wanted, used)]), used);
      }
      // Weights beyond the inputs meet zeros: any will do.
      let octet = tap_octet + min(start / 2u + own_octet, params.in_octets - 1u);
      for (var k = 0u; k < LOADS; k++) { filters[k] = vec4<Component>(weights[blocks[k] + octet * BLOCK]); }
      start += DEPTH_QUADS;
      if (start >= end) { start = begin; }
    }
    if (step > 0u && subgroup < OWNERS) {
      let row = subgroup / OWNERS_ACROSS % (OWNERS / OWNERS_ACROSS) * OWN_VOXELS;
      let column = subgroup % OWNERS_ACROSS * OWN_CHANNELS;
      for (var k = 0u; k < DEPTH / K; k++) {
        let depth = k * K;
        var right: array<Right, COLUMNS>;
        for (var n = 0u; n < COLUMNS; n++) {
          right[n] = subgroupMatrixLoad<Right, row_major>(&sh_weights, depth * WEIGHT_ROW + (column + n * N) / 4u, WEIGHT_ROW);
        }
        for (var m = 0u; m < ROWS; m++) {
          let left = subgroupMatrixLoad<Left, row_major>(&sh_inputs, (row + m * M) * INPUT_ROW + depth / 4u, INPUT_ROW);
          for (var n = 0u; n < COLUMNS; n++) {
            (*sums)[m][n] = subgroupMatrixMultiplyAccumulate(left, right[n], (*sums)[m][n]);
          }
        }
      }
    }
    workgroupBarrier();
    for (var k = 0u; k < LOADS; k++) {
      sh_inputs[(local / DEPTH_QUADS + k * (SIZE / DEPTH_QUADS)) * INPUT_ROW + own_quad] = inputs[k];
      sh_weights[to_w + k * LOAD_BLOCKS * 4u] = filters[k];
    }
    workgroupBarrier();
  }

}

// Makes a matrix of each subgroup readable for all.
fn publish(sums: ptr<function, Sums>, m: u32, n: u32, subgroup: u32) {
  if (subgroup < OWNERS) {
    subgroupMatrixStore<row_major>(&sh_results, subgroup % OWNERS * RESULT, (*sums)[m][n], N / 4u);
  }
  workgroupBarrier();
}

// What an item of the published matrices m, n is: place of the voxel in the order of work, channels by four.
fn target_of(item: u32, m: u32, n: u32, tile: Tile) -> vec2u {
  let owner = item / RESULT;
  let row = owner / OWNERS_ACROSS * OWN_VOXELS + m * M + item % RESULT / (N / 4u);
  let column = (owner % OWNERS_ACROSS * OWN_CHANNELS + n * N) / 4u + item % (N / 4u);
  return vec2u(tile.base + row, tile.quad + column);
}

@compute @workgroup_size(workgroup_size)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_id) subgroup: u32,
) {
  let tile = tile_at(group, groups);
  if (tile.part > 0u || tile.quad >= params.out_quads) { return; }
  var sums: Sums;
  multiply(&sums, tile, local, subgroup);
  for (var m = 0u; m < ROWS; m++) {
    for (var n = 0u; n < COLUMNS; n++) {
      publish(&sums, m, n, subgroup);
      for (var item = local; item < OWNERS * RESULT; item += SIZE) {
        let to = target_of(item, m, n, tile);
        if (to.x < params.voxels && to.y < params.out_quads) { finish(voxel_at(to.x), to.y, sh_results[item]); }
      }
      workgroupBarrier();
    }
  }
}

@compute @workgroup_size(workgroup_size)
fn part(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_id) subgroup: u32,
) {
  let tile = tile_at(group, groups);
  if (tile.part >= params.part_count || tile.quad >= params.out_quads) { return; }
  var sums: Sums;
  multiply(&sums, tile, local, subgroup);
  for (var m = 0u; m < ROWS; m++) {
    for (var n = 0u; n < COLUMNS; n++) {
      publish(&sums, m, n, subgroup);
      for (var item = local; item < OWNERS * RESULT; item += SIZE) {
        let to = target_of(item, m, n, tile);
        if (to.x < params.voxels && to.y < params.out_quads) {
          parts[(tile.part * params.voxels + to.x) * params.out_quads + to.y] = sh_results[item];
        }
      }
      workgroupBarrier();
    }
  }
}

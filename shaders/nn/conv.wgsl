// nn/conv: 3D convolution as an implicit matrix product with workgroup and register tiles. A workgroup makes TILE_VOXELS
// voxels x TILE_CHANNELS channels, an invocation OWN_VOXELS x OWN_CHANNELS of them; ROUND inputs at a time are in workgroup
// memory. Every tile adds the products of a result in the same order: taps, then inputs.
// main: whole convolutions. part: some of the inputs of each, for nn/conv-sum, where there are too few tiles for a GPU.
// Grid: workgroups, tiles of voxels first, then tiles of channels, then parts; voxels and channels out of range are not stored.
// Taps that are outside the image for all voxels of a tile are left out.
// F16_PRODUCTS: products of eight inputs are summed in 16 bits, these sums in 32; `packFilter` scales the filter so that
// none leaves the range of 16 bits.
// Definition: cross-correlation with zero padding. Twin: test/reference/nn/conv.ts
#if F16
enable f16;
#endif
#import common/grid
#import common/nn/convolution
#import common/nn/tile
#import common/nn/unscale

@group(0) @binding(6) var<storage, read_write> parts: array<vec4f>;   // [part][place in the order of work][quad]

override workgroup_size: u32 = 64;    // THREADS

#constant TILE_VOXELS
#constant TILE_CHANNELS
#constant OWN_VOXELS
#constant OWN_CHANNELS
#if F16_PRODUCTS
alias Factor = vec4h;
const ROUND = 16u;
#else
alias Factor = vec4f;
#constant ROUND
#endif
const ROWS = TILE_VOXELS / OWN_VOXELS;                      // invocations along the voxels
const THREADS = ROWS * (TILE_CHANNELS / OWN_CHANNELS);
const OWN_QUADS = OWN_CHANNELS / 4u;                        // one or two
const TILE_QUADS = TILE_CHANNELS / 4u;
const IN_QUADS = ROUND / 4u;                                // inputs of a round by four
const BRINGERS = THREADS / TILE_VOXELS;                     // invocations that bring the inputs of a voxel
const BLOCK = 32u;                                          // quads of weights for eight inputs and 16 channels
const ROUND_BLOCK = BLOCK * (ROUND / 8u);                   // the same for the inputs of a round: they lie together
const WORDS = 16u;                                          // of the bits of taps

alias Sums = array<vec4f, OWN_VOXELS * OWN_QUADS>;
alias ShortSums = array<Factor, OWN_VOXELS * OWN_QUADS>;    // of a few products

var<workgroup> sh_inputs: array<Factor, IN_QUADS * TILE_VOXELS>;    // [quad of inputs][voxel]
var<workgroup> sh_weights: array<Factor, TILE_QUADS * ROUND>;       // [quad][input]
var<workgroup> sh_marks: array<atomic<u32>, WORDS>;
var<workgroup> sh_taps: array<u32, WORDS>;      // bits of the taps that any voxel of the tile needs

// First of the voxels of an invocation, which are ROWS apart.
fn own_row(local: u32) -> u32 { return local % ROWS; }
// First of its channels by four.
fn own_quad(local: u32) -> u32 { return local / ROWS * OWN_QUADS; }

// Adds the products of four inputs of a round.
fn add_quad(sums: ptr<function, ShortSums>, local: u32, quad: u32) {
  let row = own_row(local);
  let column = own_quad(local);
  var inputs: array<Factor, OWN_VOXELS>;
  for (var v = 0u; v < OWN_VOXELS; v++) { inputs[v] = sh_inputs[quad * TILE_VOXELS + row + ROWS * v]; }
  for (var c = 0u; c < 4u; c++) {
    let left = sh_weights[column * ROUND + 4u * quad + c];
    let right = sh_weights[(column + OWN_QUADS - 1u) * ROUND + 4u * quad + c];
    for (var v = 0u; v < OWN_VOXELS; v++) {
      let k = OWN_QUADS * v;
      let input = Factor(inputs[v][c]);
      (*sums)[k] = fma(left, input, (*sums)[k]);
      if (OWN_QUADS == 2u) { (*sums)[k + 1u] = fma(right, input, (*sums)[k + 1u]); }
    }
  }
}

// Adds the products of the inputs of a round.
fn add_round(sums: ptr<function, Sums>, local: u32) {
#if F16_PRODUCTS
  for (var octet = 0u; octet < ROUND / 8u; octet++) {
    // Without the value one driver keeps what the round before has left.
    var short = ShortSums();
    add_quad(&short, local, 2u * octet);
    add_quad(&short, local, 2u * octet + 1u);
    for (var k = 0u; k < OWN_VOXELS * OWN_QUADS; k++) { (*sums)[k] += vec4f(short[k]); }
  }
#else
  for (var quad = 0u; quad < IN_QUADS; quad++) { add_quad(sums, local, quad); }
#endif
}

// The sums of an invocation for its tile and part.
fn multiply(sums: ptr<function, Sums>, tile: Tile, local: u32) {
  let place = tile.base + local % TILE_VOXELS;
  let size = params.in_size;
  let in_quads = 2u * params.in_octets;
  let own = voxel_at(place);
  let first = first_tap(own);
  let inside = place < params.voxels;
  let taps = params.extent.x * params.extent.y * params.extent.z;

  for (var tap = 0u; tap < taps; tap++) {
    if (inside && all(first + tap_offset(tap) < size)) { atomicOr(&sh_marks[tap / 32u], 1u << (tap % 32u)); }
  }
  workgroupBarrier();
  if (local < WORDS) { sh_taps[local] = atomicLoad(&sh_marks[local]); }

  let block_w = taps * params.in_octets * BLOCK;
  let last_block = (params.out_quads + 3u) / 4u - 1u;
  let own_w = local % ROUND_BLOCK;
  let to_w = own_w % BLOCK / 8u * ROUND + own_w / BLOCK * 8u + own_w % 8u;
  let begin = tile.part * params.part_octets;
  let end = min(begin + params.part_octets, params.in_octets);
  for (var word = 0u; word * 32u < taps; word++) {
    var bits = workgroupUniformLoad(&sh_taps[word]);
    while (bits != 0u) {
      let tap = word * 32u + firstTrailingBit(bits);
      bits &= bits - 1u;
      let under = first + tap_offset(tap);
      let used = inside && all(under < size);
      let at = quad_of(under, own.w, size, in_quads);
      for (var octet = begin; octet < end; octet += ROUND / 8u) {
        workgroupBarrier();
        for (var i = local / TILE_VOXELS; i < IN_QUADS; i += BRINGERS) {
          let known = used && octet + i / 2u < end;
          let value = Factor(activation[select(0u, at + 2u * octet + i, known)]);
          sh_inputs[i * TILE_VOXELS + local % TILE_VOXELS] = select(Factor(), value, known);
        }
        // What is beyond the inputs meets zeros, what is beyond the channels is not stored: any weight does there.
        let beyond = octet + own_w / BLOCK >= params.in_octets;
        let at_w = (tap * params.in_octets + octet) * BLOCK + select(own_w, own_w % BLOCK, beyond);
        for (var b = local / ROUND_BLOCK; b < TILE_CHANNELS / 16u; b += THREADS / ROUND_BLOCK) {
          let rank = min(tile.quad / 4u + b, last_block);
          sh_weights[b * (4u * ROUND) + to_w] = Factor(weights[rank * block_w + at_w]);
        }
        workgroupBarrier();
        add_round(sums, local);
      }
    }
  }
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let tile = tile_at(group, groups);
  if (tile.part > 0u || tile.quad >= params.out_quads) { return; }
  var sums: Sums;
  multiply(&sums, tile, local);
  for (var v = 0u; v < OWN_VOXELS; v++) {
    let place = tile.base + own_row(local) + ROWS * v;
    if (place >= params.voxels) { continue; }
    let voxel = voxel_at(place);
    for (var q = 0u; q < OWN_QUADS; q++) {
      let quad = tile.quad + own_quad(local) + q;
      if (quad < params.out_quads) { finish(voxel, quad, unscaled(sums[OWN_QUADS * v + q], quad)); }
    }
  }
}

@compute @workgroup_size(workgroup_size)
fn part(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let tile = tile_at(group, groups);
  if (tile.part >= params.part_count || tile.quad >= params.out_quads) { return; }
  var sums: Sums;
  multiply(&sums, tile, local);
  for (var v = 0u; v < OWN_VOXELS; v++) {
    let place = tile.base + own_row(local) + ROWS * v;
    if (place >= params.voxels) { continue; }
    for (var q = 0u; q < OWN_QUADS; q++) {
      let quad = tile.quad + own_quad(local) + q;
      let to = (tile.part * params.voxels + place) * params.out_quads + quad;
      if (quad < params.out_quads) { parts[to] = sums[OWN_QUADS * v + q]; }
    }
  }
}

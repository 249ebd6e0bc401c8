// nn/conv: 3D convolution as an implicit matrix product with workgroup and register tiles. A workgroup of 64 makes 64
// voxels x 64 channels, an invocation 8 x 8 of them; eight inputs at a time are in workgroup memory.
// Grid: workgroups, tiles of voxels first, then tiles of channels; voxels and channels out of range are not stored.
// Taps that are outside the image for all voxels of a tile are left out.
// Definition: cross-correlation with zero padding. Twin: test/reference/nn/conv.ts
#if F16
enable f16;
#endif
#import common/grid
#import common/nn/convolution

override workgroup_size: u32 = 64;

const TILE = 64u;         // voxels, and channels
const QUADS = 16u;        // channels by four
const PARTS = 8u;         // voxels of an invocation
const BLOCK = 32u;        // quads of weights for eight inputs and 16 channels
const WORDS = 16u;        // of the bits of taps

var<workgroup> sh_inputs: array<vec4f, 128>;    // [half octet][voxel]
var<workgroup> sh_weights: array<vec4f, 128>;   // [quad][input]
var<workgroup> sh_marks: array<atomic<u32>, WORDS>;
var<workgroup> sh_taps: array<u32, WORDS>;      // bits of the taps that any voxel of the tile needs

fn tap_offset(tap: u32) -> vec3u {
  let plane = params.extent.x * params.extent.y;
  return vec3u(tap % params.extent.x, tap / params.extent.x % params.extent.y, tap / plane) * params.dilation;
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let tile = linear_invocation(group, groups, 0u, 1u);
  let tiles = max((params.voxels + TILE - 1u) / TILE, 1u);
  let quad = tile / tiles * QUADS;
  if (quad >= params.out_quads) { return; }
  let base = (tile % tiles) * TILE;
  let size = params.in_size;
  let in_quads = 2u * params.in_octets;
  let own = voxel_at(base + local);
  let first = first_tap(own);
  let inside = base + local < params.voxels;
  let taps = params.extent.x * params.extent.y * params.extent.z;

  for (var tap = 0u; tap < taps; tap++) {
    if (inside && all(first + tap_offset(tap) < size)) { atomicOr(&sh_marks[tap / 32u], 1u << (tap % 32u)); }
  }
  workgroupBarrier();
  if (local < WORDS) { sh_taps[local] = atomicLoad(&sh_marks[local]); }

  // Of four blocks of 16 channels an invocation brings weights of two.
  let block_w = taps * params.in_octets * BLOCK;
  let own_w = (quad / 4u + local / BLOCK) * block_w + local % BLOCK;
  let row = local % PARTS;
  let column = 2u * (local / PARTS);
  var sums: array<vec4f, 16>;
  for (var word = 0u; word * 32u < taps; word++) {
    var bits = workgroupUniformLoad(&sh_taps[word]);
    while (bits != 0u) {
      let tap = word * 32u + firstTrailingBit(bits);
      bits &= bits - 1u;
      let under = first + tap_offset(tap);
      let used = inside && all(under < size);
      let at = select(0u, quad_of(under, own.w, size, in_quads), used);
      for (var octet = 0u; octet < params.in_octets; octet++) {
        let at_w = (tap * params.in_octets + octet) * BLOCK;
        workgroupBarrier();
        sh_inputs[local] = select(vec4f(), vec4f(activation[at + 2u * octet]), used);
        sh_inputs[TILE + local] = select(vec4f(), vec4f(activation[at + 2u * octet + 1u]), used);
        sh_weights[local] = vec4f(weights[at_w + own_w]);
        sh_weights[TILE + local] = vec4f(weights[at_w + own_w + 2u * block_w]);
        workgroupBarrier();
        for (var half = 0u; half < 2u; half++) {
          var inputs: array<vec4f, 8>;
          for (var v = 0u; v < PARTS; v++) { inputs[v] = sh_inputs[half * TILE + row + PARTS * v]; }
          for (var c = 0u; c < 4u; c++) {
            let left = sh_weights[column * 8u + half * 4u + c];
            let right = sh_weights[column * 8u + 8u + half * 4u + c];
            for (var v = 0u; v < PARTS; v++) {
              sums[2u * v] = fma(left, vec4f(inputs[v][c]), sums[2u * v]);
              sums[2u * v + 1u] = fma(right, vec4f(inputs[v][c]), sums[2u * v + 1u]);
            }
          }
        }
      }
    }
  }
  for (var v = 0u; v < PARTS; v++) {
    let place = base + row + PARTS * v;
    if (place >= params.voxels) { continue; }
    let voxel = voxel_at(place);
    if (quad + column < params.out_quads) { finish(voxel, quad + column, sums[2u * v]); }
    if (quad + column + 1u < params.out_quads) { finish(voxel, quad + column + 1u, sums[2u * v + 1u]); }
  }
}

// map/mcc: maximal correlation coefficient of the neighbourhood of each voxel. One invocation takes one voxel: for every angle
// it lists the pairs, makes the matrix A = P / sqrt(px py) of the levels that occur without its trivial part
// sqrt(px) sqrt(py)^T, brings it to tridiagonal form by Householder reflections and finds the largest magnitude of its
// eigenvalues by bisection; where pairs are counted in one direction, of [[0, A], [A^T, 0]], whose eigenvalues are the
// singular values. PyRadiomics' Q has the squares of them as eigenvalues, and 1.
// Grid: linear over the tile; out-of-range invocations do nothing.
// Definition: PyRadiomics glcm.py (getMCCFeatureValue); Golub and Van Loan, Matrix Computations, 8.3 and 8.4.
// Twin: test/reference/map/features.ts
#import common/grid
#import common/cell
#import common/map/tile

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> targets: array<u32>;
@group(0) @binding(2) var<storage, read> cells: array<u32>;
@group(0) @binding(3) var<storage, read> offsets: array<vec4i>;  // x, y, z and linear step of the unidirectional offsets
@group(0) @binding(4) var<storage, read> wanted: array<u32>;
@group(0) @binding(5) var<storage, read_write> scratch: array<u32>;
@group(0) @binding(6) var<storage, read_write> output: array<u32>;

override workgroup_size: u32 = 64;

// Halvings of the interval that holds the coefficient: down to the last bit of numbers below 1.
const HALVINGS = 25u;
// Square of what rounding leaves where the rest of a column is 0; reflecting it would overflow.
const NEGLIGIBLE = 1e-18;
// What replaces a pivot of 0.
const TINY = 1e-30;

// `scratch` of an invocation: pairs, levels, one vector, the subdiagonal, the matrix row by row.
var<private> invocation: u32;
var<private> levels_first: u32;
var<private> vector_first: u32;
var<private> off_first: u32;
var<private> matrix_first: u32;
var<private> order: u32;

fn word(at: u32) -> u32 {
  return scratch[at * params.stride + invocation];
}

fn set_word(at: u32, value: u32) {
  scratch[at * params.stride + invocation] = value;
}

fn number(at: u32) -> f32 {
  return bitcast<f32>(word(at));
}

fn set_number(at: u32, value: f32) {
  set_word(at, bitcast<u32>(value));
}

fn entry(row: u32, column: u32) -> u32 {
  return matrix_first + row * order + column;
}

// Lists the pairs of an angle; their number.
fn list_pairs(centre: i32, offset: vec4i) -> u32 {
  var count = 0u;
  let low = max(-params.radius, -params.radius - offset.xyz);
  let high = min(params.radius, params.radius - offset.xyz);
  for (var z = low.z; z <= high.z; z++) {
    for (var y = low.y; y <= high.y; y++) {
      let row = centre + y * params.step_y + z * params.step_z;
      for (var x = low.x; x <= high.x; x++) {
        let i = level_at(row + x);
        let j = level_at(row + x + offset.w);
        if (i == 0u || j == 0u) { continue; }
        set_word(count, (i << 16u) | j);
        count++;
      }
    }
  }
  return count;
}

// Place of a level in the list of `known` levels; it is appended where it is new.
fn rank_of(level: u32, known: u32) -> u32 {
  for (var r = 0u; r < known; r++) {
    if (word(levels_first + r) == level) { return r; }
  }
  set_word(levels_first + known, level);
  return known;
}

// Replaces the levels of the pairs by their ranks; the number of levels.
fn rank_pairs(pairs: u32) -> u32 {
  var known = 0u;
  for (var a = 0u; a < pairs; a++) {
    let pair = word(a);
    let i = rank_of(pair >> 16u, known);
    known = max(known, i + 1u);
    let j = rank_of(pair & 0xffffu, known);
    known = max(known, j + 1u);
    set_word(a, (i << 16u) | j);
  }
  return known;
}

// Counts a pair and the ends that lie in its row and column.
fn count_pair(row: u32, column: u32) {
  let at = entry(row, column);
  set_number(at, number(at) + 1.0);
  set_number(vector_first + row, number(vector_first + row) + 1.0);
}

// Makes the symmetric matrix whose eigenvalue of largest magnitude is wanted.
fn make_matrix(pairs: u32, levels: u32) {
  let symmetrical = params.option != 0u;
  order = select(2u * levels, levels, symmetrical);
  for (var a = 0u; a < order; a++) {
    set_number(vector_first + a, 0.0);
    for (var b = 0u; b < order; b++) { set_number(entry(a, b), 0.0); }
  }
  let other = select(levels, 0u, symmetrical);
  for (var a = 0u; a < pairs; a++) {
    let i = word(a) >> 16u;
    let j = (word(a) & 0xffffu) + other;
    count_pair(i, j);
    count_pair(j, i);
  }
  let total = f32(select(pairs, 2u * pairs, symmetrical));
  for (var a = 0u; a < order; a++) {
    for (var b = 0u; b < order; b++) {
      // The blocks of the diagonal of [[0, A], [A^T, 0]] stay 0.
      if (!symmetrical && (a < levels) == (b < levels)) { continue; }
      let product = number(vector_first + a) * number(vector_first + b);
      if (product == 0.0) { continue; }
      let root = sqrt(product);
      set_number(entry(a, b), number(entry(a, b)) / root - root / total);
    }
  }
}

// Brings the matrix to tridiagonal form: its diagonal stays in place, the subdiagonal goes to its own place.
fn tridiagonalise() {
  for (var c = 0u; c + 1u < order; c++) {
    var tail = 0.0;
    for (var a = c + 2u; a < order; a++) { tail += number(entry(a, c)) * number(entry(a, c)); }
    let head = number(entry(c + 1u, c));
    set_number(off_first + c, head);
    if (tail <= NEGLIGIBLE) { continue; }
    let reflected = select(-1.0, 1.0, head < 0.0) * sqrt(head * head + tail);
    set_number(off_first + c, reflected);
    // The reflection's vector v lies in column c.
    set_number(entry(c + 1u, c), head - reflected);
    let beta = 2.0 / ((head - reflected) * (head - reflected) + tail);
    var along = 0.0;
    for (var a = c + 1u; a < order; a++) {
      var sum = 0.0;
      for (var b = c + 1u; b < order; b++) { sum += number(entry(a, b)) * number(entry(b, c)); }
      set_number(vector_first + a, beta * sum);
      along += number(entry(a, c)) * beta * sum;
    }
    let share = beta / 2.0 * along;
    for (var a = c + 1u; a < order; a++) {
      set_number(vector_first + a, number(vector_first + a) - share * number(entry(a, c)));
    }
    for (var a = c + 1u; a < order; a++) {
      let va = number(entry(a, c));
      let wa = number(vector_first + a);
      for (var b = c + 1u; b < order; b++) {
        let at = entry(a, b);
        set_number(at, number(at) - (va * number(vector_first + b) + wa * number(entry(b, c))));
      }
    }
  }
}

// Number of eigenvalues below x: negative pivots of T - x.
fn count_below(x: f32) -> u32 {
  var below = 0u;
  var pivot = 1.0;
  for (var a = 0u; a < order; a++) {
    var square = 0.0;
    if (a > 0u) { square = number(off_first + a - 1u) * number(off_first + a - 1u); }
    pivot = number(entry(a, a)) - x - square / pivot;
    if (abs(pivot) < TINY) { pivot = -TINY; }
    below += select(0u, 1u, pivot < 0.0);
  }
  return below;
}

// The largest magnitude of an eigenvalue of the tridiagonal matrix; none is above 1.
fn largest_magnitude() -> f32 {
  var low = 0.0;
  var high = 1.0;
  for (var step = 0u; step < HALVINGS; step++) {
    let middle = (low + high) / 2.0;
    if (count_below(middle) == order && count_below(-middle) == 0u) { high = middle; } else { low = middle; }
  }
  return high;
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let k = linear_invocation(group, groups, local, workgroup_size);
  if (k >= params.length) { return; }
  invocation = k;
  let size = vec3u(2 * params.radius + 1);
  let places = size.x * size.y * size.z;
  let levels = min(places, params.top);
  let largest_order = select(2u * levels, levels, params.option != 0u);
  levels_first = places;
  vector_first = levels_first + levels;
  off_first = vector_first + largest_order;
  matrix_first = off_first + largest_order;
  let centre = i32(targets[params.first + k]);
  var angles = 0u;
  for (var a = 0u; a < params.offsets; a++) {
    let pairs = list_pairs(centre, offsets[a]);
    if (pairs == 0u) { continue; }
    angles++;
    make_matrix(pairs, rank_pairs(pairs));
    tridiagonalise();
    values[0] += largest_magnitude();
  }
  write_features(k, angles);
}

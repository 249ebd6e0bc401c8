// Sums of binary logarithms of counts in fixed point: `logs` holds log2(n) as multiples of 2^-16 (x) and of 2^-36 (y).
// Integers add without rounding, so that entropies and mutual information keep their last digits.
const LOG_FRACTION = 20u;

struct LogSum {
  high: u32,
  low: u32,
}

fn add_log(sum: LogSum, n: u32) -> LogSum {
  return LogSum(sum.high + logs[n].x, sum.low + logs[n].y);
}

fn times_log(n: u32, times: u32) -> LogSum {
  return LogSum(times * logs[n].x, times * logs[n].y);
}

fn plus_log(a: LogSum, b: LogSum) -> LogSum {
  let low = (a.low & ((1u << LOG_FRACTION) - 1u)) + (b.low & ((1u << LOG_FRACTION) - 1u));
  return LogSum(a.high + b.high + (a.low >> LOG_FRACTION) + (b.low >> LOG_FRACTION), low);
}

// a - b in bits.
fn log_difference(a: LogSum, b: LogSum) -> f32 {
  let high = (a.high + (a.low >> LOG_FRACTION)) - (b.high + (b.low >> LOG_FRACTION));
  let mask = (1u << LOG_FRACTION) - 1u;
  let low = i32(a.low & mask) - i32(b.low & mask);
  return (f32(bitcast<i32>(high)) + f32(low) / f32(1u << LOG_FRACTION)) / 65536.0;
}

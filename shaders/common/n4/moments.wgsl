// Of a set of ratios r: how many, mean of r - 1, sum of squares around the mean.
struct Moments {
  count: f32,
  mean: f32,
  squares: f32,
}

// The moments of two sets together (Chan, Golub, LeVeque 1979).
fn merge(a: Moments, b: Moments) -> Moments {
  let count = a.count + b.count;
  if (count == 0.0) { return a; }
  let gap = b.mean - a.mean;
  let share = b.count / count;
  return Moments(count, a.mean + gap * share, a.squares + b.squares + gap * gap * (a.count * share));
}

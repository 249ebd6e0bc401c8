/** What a feature class returns: PyRadiomics' feature names with float64 values, and why a value is NaN. */
export interface FeatureValues {
  /** Feature name without prefix (e.g. `JointEntropy`) to value; NaN where the feature is not defined. */
  readonly values: Record<string, number>;
  /** For every NaN in `values`: the reason, one sentence. */
  readonly reasons: Record<string, string>;
}

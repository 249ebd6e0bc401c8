/** Rows of results: one per region, flat. */

export type Cell = number | string | boolean | null | readonly number[] | Record<string, unknown>;

/**
 * Columns of one region by name: diagnostics first, then features, in PyRadiomics' order. `voxomics_reasons` holds
 * {column: reason} for values that are NaN, `voxomics_notes` what could not be made of what was asked for,
 * `voxomics_error` {code, message} where there are no features.
 */
export type Row = Record<string, Cell>;

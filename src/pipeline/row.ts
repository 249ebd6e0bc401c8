/** Rows of results: one per region, flat. */

export type Cell = number | string | boolean | null | readonly number[] | readonly string[] | Record<string, unknown>;

/**
 * Columns of one region by name: diagnostics first, then features, in PyRadiomics' order. `voxomics_reasons` holds
 * {column: reason} for values that are NaN, `voxomics_error` {code, message} where there are no features, `voxomics_region`
 * the name of a region that has one, `voxomics_notes` what may surprise about the mask or could not be made of what was asked for.
 */
export type Row = Record<string, Cell>;

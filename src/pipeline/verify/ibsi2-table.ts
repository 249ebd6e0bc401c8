/**
 * IBSI 2's consensus values of phase 2 without a filter (github.com/theibsi/ibsi_2_reference_data, CC0; Whybra et al.,
 * Radiology 2024;310:e231319).
 *
 * One feature a line: its tag, then the values of 1.A and 1.B, each with `~` and its tolerance.
 */
export const ibsi2Table = `
stat_mean -47~4.6 -46.4~5.9
stat_var 53300~2000 52600~2800
stat_skew -2.17~0.07 -2.18~0.09
stat_kurt 3.65~0.34 3.71~0.47
stat_median 41~0.6 41~0.7
stat_min -1000~10 -997~3
stat_p10 -434~21 -427~29
stat_p90 93~0.1 92~0.1
stat_max 377~10 377~15
stat_iqr 69~6.4 67~9.1
stat_range 1380~10 1370~20
stat_mad 160~5 159~7
stat_rmad 64.4~5.8 63.6~7.3
stat_medad 122~4 121~6
stat_cov -4.92~0.42 -4.94~0.64
stat_qcod 1~0.85 0.944~0.925
stat_energy 6.96e+09~4.5e+08 1.96e+10~1.9e+09
stat_rms 236~5 234~7
`;

import { parquetReadObjects } from 'hyparquet';
import { describe, expect, test } from 'vitest';
import { formatRows, parquetRows } from '../../../src/host/format/table.ts';
import type { Row } from '../../../src/pipeline/row.ts';

const rows: Row[] = [
  {
    name: 'a, "b"',
    size: [1, 2],
    settings: { binWidth: 25, x: Number.NaN },
    mean: 0.1 + 0.2,
    flat: Number.NaN,
    voxomics_reasons: { flat: 'one level' },
  },
  { name: 'c', mean: 1e300, flat: 2, on: true, extra: null, big: Number.POSITIVE_INFINITY },
];

test('JSON: full precision, null for NaN and infinity, objects as they are', () => {
  const parsed = JSON.parse(formatRows(rows, 'json'));
  expect(parsed[0]).toEqual({ ...rows[0], settings: { binWidth: 25, x: null }, flat: null });
  expect(parsed[0].mean).toBe(0.30000000000000004);
  expect(parsed[1].big).toBeNull();
});

test('CSV: columns in first-seen order, RFC 4180, empty cells for NaN', () => {
  expect(formatRows(rows, 'csv')).toBe(
    'name,size,settings,mean,flat,voxomics_reasons,on,extra,big\r\n' +
      '"a, ""b""","[1,2]","{""binWidth"":25,""x"":null}",0.30000000000000004,,"{""flat"":""one level""}",,,\r\n' +
      'c,,,1e+300,2,,true,,\r\n',
  );
  expect(formatRows([], 'csv')).toBe('');
});

test('txt: one line per value, cases from 1', () => {
  expect(formatRows(rows, 'txt').split('\n').slice(3, 8)).toEqual([
    'Case-1_mean: 0.30000000000000004',
    'Case-1_flat: nan',
    'Case-1_voxomics_reasons: {"flat":"one level"}',
    'Case-2_name: c',
    'Case-2_mean: 1e+300',
  ]);
});

describe('Parquet', () => {
  test('numbers as float64, the rest as text, null for what is missing', async () => {
    const read = await parquetReadObjects({ file: parquetRows(rows) });
    expect(read[0]).toEqual({
      name: 'a, "b"',
      size: '[1,2]',
      settings: '{"binWidth":25,"x":null}',
      mean: 0.30000000000000004,
      flat: null,
      voxomics_reasons: '{"flat":"one level"}',
      on: null,
      extra: null,
      big: null,
    });
    expect(read[1]).toMatchObject({ mean: 1e300, flat: 2, on: true, big: null });
  });
});

/** Texts in the character sets of PS3.3 C.12.1.1.2. */

/** Encodings by the number in (0008,0005), such as 100 of `ISO_IR 100` or `ISO 2022 IR 100`. */
const encodings: Record<string, string> = {
  '13': 'shift_jis',
  '87': 'iso-2022-jp',
  '100': 'windows-1252',
  '101': 'iso-8859-2',
  '109': 'iso-8859-3',
  '110': 'iso-8859-4',
  '126': 'iso-8859-7',
  '127': 'iso-8859-6',
  '138': 'iso-8859-8',
  '144': 'iso-8859-5',
  '148': 'windows-1254',
  '149': 'euc-kr',
  '166': 'windows-874',
  '192': 'utf-8',
};

function encodingOf(characterSet: string): string {
  // The first value names the set in use; further ones come with escapes, of which only the Japanese and Korean matter.
  const named = characterSet.split('\\').filter((value) => value.trim() !== '');
  const set = named.find((value) => /IR (87|149)/.test(value)) ?? named[0] ?? '';
  if (/^GB/.test(set)) return 'gb18030';
  return encodings[/(\d+)\s*$/.exec(set)?.[1] ?? ''] ?? 'windows-1252';
}

const decoders = new Map<string, TextDecoder>();

/** The decoder of a character set; unknown ones count as Latin-1. Undecodable bytes become U+FFFD. */
export function decoderOf(characterSet: string): TextDecoder {
  const encoding = encodingOf(characterSet);
  let decoder = decoders.get(encoding);
  if (!decoder) {
    decoder = new TextDecoder(encoding);
    decoders.set(encoding, decoder);
  }
  return decoder;
}

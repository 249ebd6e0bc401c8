/** Keeps a patient's name and number out of texts that are shown, such as names of files and descriptions of series. */

/** Shorter parts of a name are in too many words to be replaced. */
const shortestName = 3;
const shortestId = 5;

/**
 * A function that replaces the parts of the name, and the number, by asterisks; case does not matter.
 * @param name as in (0010,0010): components parted by ^ and =
 * @param id as in (0010,0020)
 */
export function redactor({ name, id }: { readonly name: string; readonly id: string }): (text: string) => string {
  const words = name.split(/[^\p{L}\p{M}]+/u).filter((word) => word.length >= shortestName);
  const number = id.replace(/\p{C}/gu, '').trim();
  if (number.length >= shortestId) words.push(number);
  if (words.length === 0) return (text) => text;
  // Longest first, so that no part of a longer one remains.
  const patterns = words
    .toSorted((a, b) => b.length - a.length)
    .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const found = new RegExp(patterns.join('|'), 'giu');
  return (text) => text.replace(found, '***');
}

/** Keeps a patient's name and number out of texts that are shown, such as names of files and descriptions of series. */

/** Shorter parts of a name are in too many words to be replaced. */
const shortestName = 3;
const shortestId = 5;

/** What names of regions and series are made of, and pseudonyms, too (`06^Breast-MRI-Pilot`): it stays, it names nobody. */
const ordinary = new Set(
  `abdomen adrenal anus aorta arm artery bladder body bone bowel brain brainstem breast bronchus carotid chest colon cord
  duodenum ear elbow esophagus eye femur foot gland hand head heart hip kidney knee larynx leg lens lesion liver lung
  lymph mandible mass mri muscle neck nerve node nodule ovary pancreas parotid pelvis phantom prostate rectum rib sacrum
  shoulder skin skull spine spleen stomach testis thorax thyroid tongue trachea tumor tumour ureter urethra uterus vein
  vessel wrist`.split(/\s+/),
);

/**
 * A function that replaces the parts of the name, and the number, by asterisks; case does not matter.
 * @param name as in (0010,0010): components parted by ^ and =
 * @param id as in (0010,0020)
 */
export function redactor({ name, id }: { readonly name: string; readonly id: string }): (text: string) => string {
  const words = name
    .split(/[^\p{L}\p{M}]+/u)
    .filter((word) => word.length >= shortestName && !ordinary.has(word.toLowerCase()));
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

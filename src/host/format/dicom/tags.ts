/** DICOM tags (PS3.6) that voxomics reads, as eight lower-case hex digits, and what cannot be seen from the file itself. */

export const tags = {
  transferSyntax: '00020010',
  characterSet: '00080005',
  imageType: '00080008',
  sopClass: '00080016',
  sopInstance: '00080018',
  acquisitionDate: '00080022',
  contentDate: '00080023',
  acquisitionDateTime: '0008002a',
  acquisitionTime: '00080032',
  contentTime: '00080033',
  modality: '00080060',
  seriesDescription: '0008103e',
  diffusionBValue: '00189087',
  triggerTime: '00181060',
  echoTime: '00180081',
  nominalCardiacTriggerDelay: '00209153',
  sliceThickness: '00180050',
  spacingBetweenSlices: '00180088',
  estimatedMagnification: '00181114',
  imagerPixelSpacing: '00181164',
  nominalScannedPixelSpacing: '00182010',
  effectiveEchoTime: '00189082',
  frameAcquisitionDateTime: '00189074',
  frameReferenceDateTime: '00189151',
  studyInstance: '0020000d',
  seriesInstance: '0020000e',
  seriesNumber: '00200011',
  acquisitionNumber: '00200012',
  instanceNumber: '00200013',
  laterality: '00200062',
  position: '00200032',
  orientation: '00200037',
  frameOfReference: '00200052',
  temporalPosition: '00200100',
  temporalPositionIndex: '00209128',
  planePosition: '00209113',
  planeOrientation: '00209116',
  frameContent: '00209111',
  mrEcho: '00189114',
  mrDiffusion: '00189117',
  cardiacSynchronization: '00189118',
  samplesPerPixel: '00280002',
  photometricInterpretation: '00280004',
  planarConfiguration: '00280006',
  numberOfFrames: '00280008',
  rows: '00280010',
  columns: '00280011',
  pixelSpacing: '00280030',
  bitsAllocated: '00280100',
  bitsStored: '00280101',
  highBit: '00280102',
  pixelRepresentation: '00280103',
  rescaleIntercept: '00281052',
  rescaleSlope: '00281053',
  modalityLut: '00283000',
  pixelMeasures: '00289110',
  pixelValueTransformation: '00289145',
  gridFrameOffsets: '3004000c',
  gridScaling: '3004000e',
  detectorInformation: '00540022',
  sharedGroups: '52009229',
  perFrameGroups: '52009230',
  floatPixels: '7fe00008',
  doublePixels: '7fe00009',
  pixels: '7fe00010',
} as const;

/** Value representations of numbers in binary. */
export type BinaryVr = 'US' | 'SS' | 'UL' | 'SL' | 'FL' | 'FD' | 'UV' | 'SV';

/**
 * Representations of binary numbers in implicit files, which do not name them (PS3.6); numbers elsewhere are text.
 * Frame increment pointer and other AT values count as pairs of US.
 */
export const binaryTags: Readonly<Record<string, BinaryVr>> = {
  '00181271': 'FD',
  '00186011': 'SL',
  '00189073': 'FD',
  '00189082': 'FD',
  '00189087': 'FD',
  '00189089': 'FD',
  '00209056': 'UL',
  '00209057': 'UL',
  '00209128': 'UL',
  '00209153': 'FD',
  '00209156': 'US',
  '00209157': 'UL',
  '00280002': 'US',
  '00280006': 'US',
  '00280009': 'US',
  '00280010': 'US',
  '00280011': 'US',
  '00280100': 'US',
  '00280101': 'US',
  '00280102': 'US',
  '00280103': 'US',
  '00280120': 'US',
  '0062000b': 'US',
  '00620004': 'US',
  '0062000c': 'US',
  '0062000d': 'US',
  '0062000e': 'US',
  '00281101': 'US',
  '00281102': 'US',
  '00281103': 'US',
};

/** Read only to keep them out of names and descriptions that are shown. */
export const patientName = '00100010';
export const patientId = '00100020';

const identifying = new Set([
  '00080050', // accession number
  '00080080', // institution: name, address
  '00080081',
  '00080082',
  '00080090', // referring physician
  '00080092',
  '00080094',
  '00080096',
  '00081010', // station name
  '00081040', // department
  '00081048', // physicians of record, performing, reading
  '00081049',
  '00081050',
  '00081052',
  '00081060',
  '00081062',
  '00081070', // operators
  '00081072',
  '00200010', // study ID
  '00321032', // requesting physician
  '00321033',
  '00380010', // admission ID
  '00380300',
  '00380400',
  '00400006', // scheduled physician
  '0040a123', // person name
  '300e0008', // reviewer
]);

/** Attributes that name or describe a person: the whole patient group, names, and addresses. They are never read. */
export const isIdentifying = (tag: string, vr: string | undefined): boolean =>
  tag.startsWith('0010') || vr === 'PN' || identifying.has(tag);

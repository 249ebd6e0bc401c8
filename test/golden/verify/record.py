"""Records PyRadiomics' values of the generated case of `voxomics verify` as the table of
src/pipeline/verify/pyradiomics-table.ts. Needs PyRadiomics 3.1.0 and what it needs for LBP3D.

    python record.py > ../../../src/pipeline/verify/pyradiomics-table.ts
"""
import logging

import numpy as np
import SimpleITK as sitk
from radiomics import featureextractor, setVerbosity

logging.disable(logging.CRITICAL)
setVerbosity(60)
SIZE, SPACING = (20, 18, 14), (1.0, 1.25, 2.0)
FEATURES = (
    "firstorder_RootMeanSquared firstorder_Variance firstorder_Entropy glcm_Contrast glrlm_RunEntropy "
    "glszm_SmallAreaEmphasis gldm_DependenceEntropy ngtdm_Coarseness"
).split()
CLASSES = {}
for name in FEATURES:
    CLASSES.setdefault(name.split("_")[0], []).append(name.split("_")[1])
TYPES = {
    "Original": {}, "Wavelet": {}, "Square": {}, "SquareRoot": {}, "Logarithm": {}, "Exponential": {}, "Gradient": {},
}
RUNS = {
    "filters": ({"binWidth": 25}, TYPES),
    "narrow": ({"binWidth": 1}, {"LoG": {"sigma": [2.0, 3.0]}, "LBP2D": {}, "LBP3D": {}}),
    "slices": ({"binWidth": 25, "force2D": True}, {"Original": {}, "Wavelet": {}}),
    "steps": (
        {"binWidth": 5, "normalize": True, "normalizeScale": 100, "removeOutliers": 3,
         "resampledPixelSpacing": [1.5, 1.5, 1.5], "interpolator": "sitkBSpline"},
        {"Original": {}, "Wavelet": {}},
    ),
}


def case():
    """The formulas of generated-case.ts."""
    z, y, x = (a.astype(np.int64) for a in np.indices(SIZE[::-1]))
    h = (x * 73856093 ^ y * 19349663 ^ z * 83492791) & 0x7FFFFFFF
    h = h * 48271 % 0x7FFFFFFF
    image = 40 + (x - 3) * y + 5 * z * (13 - z) + (h >> 8) % 160
    mask = 4 * (x - 9) ** 2 + 5 * (y - 9) ** 2 + 7 * (z - 6) ** 2 < 216
    volumes = [sitk.GetImageFromArray(a) for a in (image.astype(np.int16), mask.astype(np.uint8))]
    for volume in volumes:
        volume.SetSpacing(SPACING)
    return volumes


lines = []
for run, (settings, types) in RUNS.items():
    extractor = featureextractor.RadiomicsFeatureExtractor(additionalInfo=False, **settings)
    extractor.disableAllImageTypes()
    for name, own in types.items():
        extractor.enableImageTypeByName(name, customArgs=own)
    extractor.disableAllFeatures()
    extractor.enableFeaturesByName(**CLASSES)
    found = extractor.execute(*case())
    images = list(dict.fromkeys(column.split("_")[0] for column in found))
    for image in images:
        lines.append(" ".join([run, image, *(repr(float(found[f"{image}_{name}"])) for name in FEATURES)]))
print(f"""/**
 * PyRadiomics 3.1.0's values of the generated case (generated-case.ts), recorded by test/golden/verify/record.py.
 *
 * One image a line: the run, the image, then the values of `pyradiomicsFeatures` in their order.
 */
export const pyradiomicsFeatures = [
{chr(10).join(f"  '{name}'," for name in FEATURES)}
] as const;

export const pyradiomicsTable = `
{chr(10).join(lines)}
`;""")

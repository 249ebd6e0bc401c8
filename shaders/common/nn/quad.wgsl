// Four neighbouring channels of a voxel as they are stored. Channels of an activation are padded to multiples of eight
// by zeros: `activation[voxel * quads + quad]`, voxels in the order [image][z][y][x].
#if F16
alias Quad = vec4h;
#else
alias Quad = vec4f;
#endif

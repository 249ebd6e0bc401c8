import { version as packageVersion } from '../package.json';

/** The package's version. */
export const version: string = packageVersion;

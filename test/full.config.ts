import { configFor } from './runner/config.ts';
import { volumeTestsOfRun } from './runner/tiers.ts';

// `npm run test:full`: what proves by volume, at full length.
export default configFor({ files: volumeTestsOfRun(process.env), isFull: true });

import { configFor } from './runner/config.ts';
import { volumeTests } from './runner/tiers.ts';

// `npm run test:full`: what proves by volume, at full length.
export default configFor({ files: volumeTests(), isFull: true });

import { configFor } from './runner/config.ts';

// `npm test`: every behaviour once, and a short run of each test of volume.
export default configFor({});

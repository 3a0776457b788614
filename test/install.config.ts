import { configFor } from './runner/config.ts';

// `npm run test:package`: installs the package into fresh projects, which needs npm's registry or its cache.
export default configFor({ files: ['install/**/*.test.ts'] });

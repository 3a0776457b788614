import { configFor } from './runner/config.ts';

// `npm run test:package`: installs the package into fresh projects, which needs npm's registry or its cache. Its files run one after
// another, because each builds the package.
export default configFor({ files: ['install/**/*.test.ts'] });

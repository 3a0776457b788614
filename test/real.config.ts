import { configFor } from './runner/config.ts';
import { engineTests } from './runner/tiers.ts';

// `npm run test:real`: what touches engines, on the servers that DATABASE_URL and REDIS_URL name.
export default configFor({ files: engineTests, isReal: true });

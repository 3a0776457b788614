import { configFor } from './runner/config.ts';
import { engineTests, volumeTestsForServers } from './runner/tiers.ts';

// `npm run test:real`: what touches engines, on the servers that DATABASE_URL and REDIS_URL name. FULL_ON_SERVERS says that
// another run takes the volume tests at full length there.
export default configFor({
  files: engineTests,
  except: process.env['FULL_ON_SERVERS'] ? volumeTestsForServers() : [],
  isReal: true,
});

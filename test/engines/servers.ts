import { requireServers } from '../../local/given-servers.ts';

/** Ends a run on real servers with one sentence when it has none. */
export default async function setup(): Promise<void> {
  const { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl } = process.env;
  if (!databaseUrl || !redisUrl)
    throw new Error('npm run test:real needs DATABASE_URL and REDIS_URL, the URLs of real servers');
  await requireServers({ databaseUrl, redisUrl });
}

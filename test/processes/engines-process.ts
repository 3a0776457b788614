import { startStack } from '../../local/stack.ts';
import { createTestDatabase } from '../engines/database.ts';

// This process runs both engines and their bridges for its parent. It ends when the parent disconnects.
const database = await createTestDatabase({ seed: true });
const { close, ...stack } = await startStack({
  postgresPort: 0,
  neonPort: 0,
  redisPort: 0,
  upstashPort: 0,
  databaseUrl: database.url,
  redisUrl: process.env['REDIS_URL'],
});

process.once('disconnect', () => void close().then(() => database.close()));
process.send?.(stack);

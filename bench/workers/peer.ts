import { neon, neonConfig } from '@neondatabase/serverless';
import { Redis } from '@upstash/redis/cloudflare';
import { WorkerEntrypoint } from 'cloudflare:workers';
import { upstashCache } from 'drizzle-orm/cache/upstash';
import { eq } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/neon-http';
import { Hono } from 'hono';
import { users } from '../../src/db/schema/tables.ts';
import { PEER_HEADERS, PEER_USER, PEER_VALUE } from './peer-user.ts';

interface PeerEnv {
  readonly DATABASE_URL: string;
  readonly UPSTASH_REDIS_REST_URL: string;
  readonly UPSTASH_REDIS_REST_TOKEN: string;
}

// The driver cannot find a Postgres on this machine without this setting.
neonConfig.fetchEndpoint = (host, port) => `http://${host}:${port}/sql`;

const JSON_TYPE = { 'Content-Type': 'application/json' };
/** The lifetime outlasts any run. */
const DRIZZLE_LIFE_S = 3_600;

function connectRedis(env: PeerEnv): Redis {
  // The client's fastest settings: it encodes, decodes and reports nothing.
  return new Redis({
    url: env.UPSTASH_REDIS_REST_URL,
    token: env.UPSTASH_REDIS_REST_TOKEN,
    automaticDeserialization: false,
    responseEncoding: false,
    readYourWrites: false,
    enableTelemetry: false,
  });
}

/** The peers of the product. Each route does one thing and nothing else. */
export default new Hono<{ Bindings: PeerEnv }>()
  .get('/user', (c) => c.json(PEER_USER))
  .get('/user-with-headers', () => {
    const response = new Response(JSON.stringify(PEER_USER));
    for (const [name, value] of PEER_HEADERS) response.headers.set(name, value);
    return response;
  })
  .put('/raw', async (c) => {
    await connectRedis(c.env).set(PEER_VALUE, await c.req.text());
    return c.body(null, 204);
  })
  .get('/raw', async (c) => c.body((await connectRedis(c.env).get<string>(PEER_VALUE)) ?? '', 200, JSON_TYPE))
  .get('/drizzle/:userId', async (c) => {
    const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = c.env;
    const cache = upstashCache({ url, token, global: false, config: { ex: DRIZZLE_LIFE_S } });
    const db = drizzle(neon(c.env.DATABASE_URL), { cache });
    const [row] = await db
      .select()
      .from(users)
      .where(eq(users.id, Number(c.req.param('userId'))))
      .$withCache();
    return c.json(row ?? null);
  });

/** The least work of an RPC class for the same answer. */
export class ConstantUser extends WorkerEntrypoint {
  getUser(_userId: number): typeof PEER_USER {
    return PEER_USER;
  }
}

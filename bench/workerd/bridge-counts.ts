import type { Product } from './product.ts';

/** HTTP requests that reached each store. */
export interface Requests {
  readonly redis: number;
  readonly postgres: number;
}

/** What an action has asked of the stores by the time it ends. Nothing else may run meanwhile. */
export async function countRequests(product: Bridges, action: () => Promise<void>): Promise<Requests> {
  const before = await readCounts(product);
  await action();
  const after = await readCounts(product);
  return { redis: after.redis - before.redis, postgres: after.postgres - before.postgres };
}

type Bridges = Pick<Product, 'upstashUrl' | 'neonUrl'>;

/** What each bridge has counted since it was opened. */
export async function readCounts({ upstashUrl, neonUrl }: Bridges): Promise<Requests> {
  const [redis, postgres] = await Promise.all([readCount(upstashUrl), readCount(neonUrl)]);
  return { redis, postgres };
}

async function readCount(url: string): Promise<number> {
  // What a bridge answers to this.
  const { requests } = (await (await fetch(`${url}/stats`)).json()) as { requests: number };
  return requests;
}

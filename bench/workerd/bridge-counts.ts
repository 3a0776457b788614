import type { Product } from './product.ts';

/** HTTP requests that reached each store. */
export interface Requests {
  readonly redis: number;
  readonly postgres: number;
}

/** Counts the requests that an action has made to the stores by its end. Nothing else may run meanwhile. */
export async function countRequests(product: Bridges, action: () => Promise<void>): Promise<Requests> {
  const before = await readCounts(product);
  await action();
  const after = await readCounts(product);
  return { redis: after.redis - before.redis, postgres: after.postgres - before.postgres };
}

type Bridges = Pick<Product, 'upstashUrl' | 'neonUrl'>;

/** The counts of each bridge since it was opened. */
export async function readCounts({ upstashUrl, neonUrl }: Bridges): Promise<Requests> {
  const [redis, postgres] = await Promise.all([readCount(upstashUrl), readCount(neonUrl)]);
  return { redis, postgres };
}

async function readCount(url: string): Promise<number> {
  // A bridge answers with this shape.
  const { requests } = (await (await fetch(`${url}/stats`)).json()) as { requests: number };
  return requests;
}

import { paced } from '../pace.ts';
import type { Question } from '../question.ts';
import { AS_ROOT } from '../workerd/callers.ts';
import { openInspector } from '../workerd/inspector.ts';
import { accounts, type Product, startProduct } from '../workerd/product.ts';
import { FIRST_RESIDENT, settleResidents } from '../workerd/residents.ts';

/** Between the two fills the isolate compiles no code and drops none, so the difference is users. */
const [WARM_UP, FIRST_FILL, SECOND_FILL] = paced([500, 1_500, 5_500], [1_000, 5_000, 15_000]);
/** The largest size that src/settings.ts allows. All users fit. */
const MOST_MEMORY = { MEMORY_MAX_BYTES: String(64 * 2 ** 20), MEMORY_TTL_MS: '60000' };
const READERS = 16;
const MOST_PER_JSON_BYTE = 2;

/**
 * The bytes of V8's heap in workerd for each user in isolate memory: value, key, tags, times and place in the LRU,
 * after garbage collection, as the slope between two numbers of users. Each user is read twice over HTTP, so that the
 * figure includes whatever an answer from memory keeps beside the value.
 */
export const question: Question = {
  name: 'heap',
  async ask() {
    const product = await startProduct({ isInspected: true, isSilent: true, vars: MOST_MEMORY });
    try {
      await settleResidents(product.postgresUrl, SECOND_FILL);
      return [await measureSlope(product)];
    } finally {
      await product.close();
    }
  },
};

async function measureSlope(product: Product) {
  const inspector = await openInspector(product.workerd.inspectorUrl ?? '', accounts.name);
  const wake = async () => void (await fetch(`${product.url}/healthz`));
  const heapBytes = async (): Promise<number> => {
    const { usedBytes, bufferBytes } = await inspector.measureHeap(wake);
    return usedBytes + bufferBytes;
  };
  await fill(product.url, 0, WARM_UP);
  await heapBytes();
  await fill(product.url, WARM_UP, FIRST_FILL);
  const before = await heapBytes();
  const jsonBytes = await fill(product.url, FIRST_FILL, SECOND_FILL);
  const after = await heapBytes();
  inspector.close();
  const users = SECOND_FILL - FIRST_FILL;
  const [each, json] = [(after - before) / users, jsonBytes / users];
  return {
    question: 'memory held per cached user',
    measure: 'bytes of heap in workerd',
    ours: each.toFixed(0),
    peers: `its JSON ${json.toFixed(0)}`,
    ratio: `${(each / json).toFixed(2)}x`,
    target: `≤ ${MOST_PER_JSON_BYTE}x`,
    met: each <= json * MOST_PER_JSON_BYTE,
  };
}

/** Reads the users between the two numbers. Returns the size of their JSON in bytes. */
async function fill(url: string, from: number, to: number): Promise<number> {
  let [next, bytes] = [from, 0];
  const read = async (): Promise<void> => {
    while (next < to) {
      const user = `${url}/v1/users/${FIRST_RESIDENT + next}`;
      next += 1;
      await readText(user);
      const json = await readText(user);
      bytes += Buffer.byteLength(json);
    }
  };
  await Promise.all(Array.from({ length: READERS }, read));
  return bytes;
}

async function readText(url: string): Promise<string> {
  const response = await fetch(url, { headers: AS_ROOT });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text;
}

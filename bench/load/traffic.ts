import type { Request } from 'autocannon';
import { makeRandom } from '../../local/faults.ts';
import { AS_ROOT } from '../workerd/callers.ts';
import { FIRST_RESIDENT } from '../workerd/residents.ts';

/** The number of users that are read. Popular users come again within a memory lifetime, and the others hardly ever. */
export const RESIDENTS = 2_000;
/** Accounts of the local stack. */
const ACCOUNTS = ['3141-5926-5359', '1234-5678-9012', '2718-2818-2845'];

const WRITE_SHARE = 0.01;
/** The share of the writes that create a user. The others change one. */
const CREATION_SHARE = 0.1;
const USERNAME_SHARE = 0.3;
const ACCOUNT_SHARE = 0.1;
/** The exponent of Zipf's law that traffic on the web usually has. */
const EXPONENT = 1;

const JSON_HEADERS = { ...AS_ROOT, 'Content-Type': 'application/json' };

/**
 * Draws requests. The same seed draws the same ones. One in a hundred writes; the others read users by id and by
 * username, with popularities by Zipf's law, and accounts by number.
 */
export function makeTraffic(seed: number, usernames: readonly string[]): () => Request {
  const random = makeRandom(seed);
  const drawResident = makeZipf(usernames.length, random);
  let created = 0;

  const read = (): Request => {
    const kind = random();
    const resident = drawResident();
    const account = ACCOUNTS[Math.floor(random() * ACCOUNTS.length)];
    if (kind < ACCOUNT_SHARE) return get(`/v1/accounts/${account}`);
    if (kind < ACCOUNT_SHARE + USERNAME_SHARE) return get(`/v1/users/by-username/${usernames[resident]}`);
    return get(`/v1/users/${FIRST_RESIDENT + resident}`);
  };
  const write = (): Request => {
    created += 1;
    if (random() < CREATION_SHARE)
      return send('POST', '/v1/users', { username: `load-${seed}-${created}`, email: 'load@example.com' });
    return send('PATCH', `/v1/users/${FIRST_RESIDENT + drawResident()}`, { lastName: `Changed ${created}` });
  };
  return () => (random() < WRITE_SHARE ? write() : read());
}

/** Every path that reads of these users request, once each. */
export function allPaths(usernames: readonly string[]): string[] {
  return usernames.flatMap((username, resident) => [
    `/v1/users/${FIRST_RESIDENT + resident}`,
    `/v1/users/by-username/${username}`,
  ]);
}

/** Draws from 0 to below `count`. Low numbers are the popular ones. */
function makeZipf(count: number, random: () => number): () => number {
  const weights = Array.from({ length: count }, (_, rank) => 1 / (rank + 1) ** EXPONENT);
  let sum = 0;
  const upTo = weights.map((weight) => (sum += weight));
  return () => {
    const drawn = random() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((upTo[middle] ?? 0) <= drawn) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

function get(path: string): Request {
  return { method: 'GET', path, headers: AS_ROOT };
}

function send(method: 'PATCH' | 'POST', path: string, value: object): Request {
  return { method, path, headers: { ...JSON_HEADERS, 'If-Match': '*' }, body: JSON.stringify(value) };
}

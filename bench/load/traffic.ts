import type { Request } from 'autocannon';
import { makeRandom } from '../../local/faults.ts';
import { AS_ROOT } from '../workerd/callers.ts';
import { FIRST_RESIDENT } from '../workerd/residents.ts';

/** Of these users: enough that a memory lifetime sees the popular ones again and again, and the others hardly ever. */
export const RESIDENTS = 2_000;
/** Accounts of the local stack. */
const ACCOUNTS = ['3141-5926-5359', '1234-5678-9012', '2718-2818-2845'];

const WRITE_SHARE = 0.01;
/** Of the writes; the others change a user. */
const CREATION_SHARE = 0.1;
const USERNAME_SHARE = 0.3;
const ACCOUNT_SHARE = 0.1;
/** Of Zipf's law: the usual one of traffic on the web. */
const EXPONENT = 1;

const JSON_HEADERS = { ...AS_ROOT, 'Content-Type': 'application/json' };

/**
 * Draws requests, the same ones for the same seed: one in a hundred writes, the others read users by id and by username,
 * whose popularity follows Zipf's law, and accounts by number.
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

/** Every path that reads of these users ask for, once. */
export function allPaths(usernames: readonly string[]): string[] {
  return usernames.flatMap((username, resident) => [
    `/v1/users/${FIRST_RESIDENT + resident}`,
    `/v1/users/by-username/${username}`,
  ]);
}

/** Draws from 0 to below `count`, the popular ones first. */
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

import { expect, test } from 'vitest';
import { countersOfKind, LATENCY, LATENCY_BOUNDS_MS, MAX_COUNTERS } from '../../src/cache/counts/counters.ts';
import { entityLookUps } from '../../src/directory/batch/entity-look-ups.ts';
import { COUNTED } from '../../src/directory/counted.ts';

test('a kind stays where it is, because isolates of several versions add to one counter', () => {
  const first = ['account', 'defaultAccount', 'accountForUser', 'accountsOfUser', 'adminUser'];
  const then = ['platformAdminProfile', 'user', 'userByUsername', 'usersOfAccount', 'userProfile'];
  const last = ['userProfilesOfAccount', 'validResourceOwners', 'apiKey', 'accountState', 'membership'];
  expect(COUNTED.slice(0, 15)).toEqual([...first, ...then, ...last]);
  expect(countersOfKind(0)).toBe(16);
});

test('each kind has counters of its own, and none of the others', () => {
  expect(LATENCY + LATENCY_BOUNDS_MS.length).toBeLessThan(countersOfKind(0));
  expect(countersOfKind(COUNTED.length)).toBeLessThanOrEqual(MAX_COUNTERS);
});

test('a look-up of a batch is counted under its name', () => {
  for (const [name, { kind }] of Object.entries(entityLookUps)) expect(COUNTED[kind]).toBe(name);
});

import type { User } from '../../src/shapes/user.ts';

/** The user that all sides answer, from the local stack. */
export const PEER_USER_ID = 3;

/** The same user as the product answers it. A question compares both byte for byte before it measures. */
export const PEER_USER = {
  id: PEER_USER_ID,
  username: 'johndoe',
  email: 'johndoe@example.com',
  firstName: '',
  lastName: '',
  isActive: true,
  isStaff: false,
  isSuperuser: false,
  dateJoined: '2026-01-01T00:00:00.000Z',
  lastLogin: null,
  revision: 1,
  externalId: null,
  metadata: {},
} satisfies User;

/** The key of the raw value in Redis. */
export const PEER_VALUE = 'bench:value';

/** The headers of the product's answer. A question compares their names. */
export const PEER_HEADERS = [
  ['Content-Type', 'application/json'],
  ['ETag', '"a-3.1.mjv1q000"'],
  ['Cache-Control', 'private, no-cache'],
  ['Cache-Status', 'isolate; hit; ttl=4'],
  ['Server-Timing', 'isolate;dur=0'],
  ['X-Request-Id', '00000000-0000-4000-8000-000000000000'],
  ['Strict-Transport-Security', 'max-age=31536000'],
  ['X-Content-Type-Options', 'nosniff'],
  ['X-Frame-Options', 'DENY'],
  ['Referrer-Policy', 'no-referrer'],
  ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
] as const;

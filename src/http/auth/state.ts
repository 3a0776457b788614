import { LRUCache } from 'lru-cache';
import { type Memo, makeMemo } from '../memo.ts';

/** The number of callers that one isolate serves in a minute is smaller. */
const MAX_PROVEN = 1_000;

/** A public key of the Access team, as RFC 7517 has it. */
export interface AccessKey {
  readonly kid: string;
  readonly kty: 'RSA';
  readonly n: string;
  readonly e: string;
}

/** The certificates of the Access team as last fetched; times are in ms since 1970. */
export interface AccessCerts {
  keys: readonly AccessKey[];
  fetchedAtMs: number;
  triedAtMs: number;
  failedAtMs: number;
  /** Identifies the fetch that is under way, if there is one. */
  fetching: object | null;
}

/** The parts of a presented key that a check needs. */
export interface KeyDigest {
  /** The id of the key; null for the root key. */
  readonly id: number | null;
  readonly sha256: string;
}

/** The state of authentication that an isolate keeps between requests. */
export interface AuthState {
  /** The time at which a key or an assertion was last valid, in ms since 1970, by its digest. */
  readonly provenAtMs: LRUCache<string, number>;
  /** Digests of keys that were good when presented, by key, so that each key is parsed and hashed once. */
  readonly keyDigests: Memo<KeyDigest>;
  readonly accessCerts: AccessCerts;
}

export function makeAuthState(): AuthState {
  return {
    provenAtMs: new LRUCache({ max: MAX_PROVEN }),
    keyDigests: makeMemo(),
    accessCerts: { keys: [], fetchedAtMs: 0, triedAtMs: 0, failedAtMs: 0, fetching: null },
  };
}

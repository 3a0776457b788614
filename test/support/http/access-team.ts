import { exportJWK } from 'jose/key/export';
import { generateKeyPair } from 'jose/key/generate/keypair';
import { SignJWT } from 'jose/jwt/sign';
import { inject } from 'vitest';
import '../provided.ts';

/** A key pair of an Access team. */
export interface TeamKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: object;
}

/** The certs of an Access team, on a loopback port. */
export interface Certs {
  readonly url: string;
  /** A status, the text of a body, or its JSON. */
  answer(answer: number | string | object): Promise<void>;
  requests(): Promise<number>;
}

export const AUDIENCE = 'f70ff4a5b0c1d2e3f70ff4a5b0c1d2e3f70ff4a5b0c1d2e3f70ff4a5b0c1d2e3';
export const SUBJECT = '7335d417-61da-459d-899c-0a01c76a2f94';

export async function makeTeamKey(kid: string): Promise<TeamKey> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' } };
}

export async function startCerts(...keys: readonly TeamKey[]): Promise<Certs> {
  const url = await (await fetch(inject('certsUrl'))).text();
  const certs: Certs = {
    url,
    async answer(answer) {
      await (await fetch(url, { method: 'POST', body: JSON.stringify(answer) })).text();
    },
    requests: async () => Number(await (await fetch(`${url}/requests`)).text()),
  };
  await certs.answer({ keys: keys.map(({ jwk }) => jwk) });
  return certs;
}

interface Claims {
  readonly iss?: string;
  readonly aud?: string | string[];
  readonly sub?: string | null;
  /** Seconds since 1970; null: none. */
  readonly exp?: number | null;
  readonly nbf?: number;
}

/** An assertion as Access makes them, but for what is given. */
export function sign(
  { kid, privateKey }: TeamKey,
  issuer: string,
  { sub = SUBJECT, exp = Math.floor(Date.now() / 1_000) + 60, ...claims }: Claims = {},
  header: object = {},
): Promise<string> {
  const payload = {
    iss: issuer,
    aud: [AUDIENCE],
    email: 'person@example.com',
    type: 'app',
    ...(sub !== null && { sub }),
    ...(exp !== null && { exp }),
    ...claims,
  };
  return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid, ...header }).sign(privateKey);
}

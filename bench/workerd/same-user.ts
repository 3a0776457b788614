import { PEER_USER } from '../workers/peer-user.ts';
import { bodyFrom, type ServedSide } from './served-race.ts';

/** Throws unless all sides answer the same user, byte for byte. */
export async function requireSameUser(sides: readonly ServedSide[]): Promise<void> {
  for (const side of sides) {
    const body = await bodyFrom(side);
    if (body !== JSON.stringify(PEER_USER)) throw new Error(`${side.name} answers ${body}`);
  }
}

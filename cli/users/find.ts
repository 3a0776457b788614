import { type Answer, answerOf, bodyOf } from '../api/answer.ts';
import type { Session } from '../api/session.ts';
import type { User } from '../../src/shapes/user.ts';
import { EXIT, Failure } from '../failure.ts';

/** The description of an argument that names a user. */
export const USER = 'Id, username, e-mail address or external id.';

/** The id itself, which needs no request, or that of the one user with the name. */
export async function userIdOf({ client }: Session, name: string): Promise<number> {
  if (/^[1-9]\d*$/.test(name)) return Number(name);
  const resolved = await bodyOf(client.v1.resolve.$get({ query: { user: name } }));
  if ('user' in resolved) return resolved.user.id;
  throw new Failure(EXIT.notFound, `No user has the name "${name}".`);
}

export function readUserById({ client }: Session, userId: number): Promise<Answer<User>> {
  return answerOf(client.v1.users[':userId'].$get({ param: { userId: String(userId) } }));
}

/** A user by whatever names it; throws a failure if there is none, or if there are several. */
export async function readUser(session: Session, name: string): Promise<Answer<User>> {
  return readUserById(session, await userIdOf(session, name));
}

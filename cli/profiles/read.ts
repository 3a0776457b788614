import { type Answer, answerOf } from '../api/answer.ts';
import type { Session } from '../api/session.ts';
import type { UserProfile } from '../../src/shapes/user-profile.ts';
import { usageFailure } from '../failure.ts';

/** The description of an argument that names a profile. */
export const PROFILE = 'Its id.';

/** The parameter of the routes of one profile; throws a failure for a text that is no id. */
export function profileParam(id: string): { userProfileId: string } {
  if (!/^[1-9]\d*$/.test(id)) throw usageFailure(`"${id}" is not the id of a profile.`);
  return { userProfileId: id };
}

export function readProfile({ client }: Session, id: string): Promise<Answer<UserProfile>> {
  return answerOf(client.v1['user-profiles'][':userProfileId'].$get({ param: profileParam(id) }));
}

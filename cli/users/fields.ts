import { many, nullableText, text, truth, type Values } from '../command/flags.ts';
import { metadataOf } from '../rows/values.ts';

/** The fields that both a creation and a change of a user take. */
export const userFields = {
  firstName: text('First name.'),
  lastName: text('Last name.'),
  isActive: truth('Whether the user is active.'),
  isStaff: truth('Whether the user is staff; the key needs rights:write.'),
  isSuperuser: truth('Whether the user is a superuser; the key needs rights:write.'),
  lastLogin: nullableText('Time of the last login, by ISO 8601.', 'time'),
  externalId: nullableText('What another system calls the user.', 'id'),
  metadata: many(text('A note of another system.', 'name=text')),
};

/** The fields as the service takes them. */
export function toUserFields(
  { metadata, ...fields }: Values<typeof userFields>,
  removed?: readonly string[],
) {
  return { ...fields, metadata: metadataOf(metadata, removed) };
}

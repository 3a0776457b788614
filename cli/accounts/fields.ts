import { many, nullableText, text, truth } from '../command/flags.ts';
import { metadataOf } from '../rows/values.ts';
import type { Values } from '../command/flags.ts';

/** The fields that both a creation and a change of an account take. */
export const accountFields = {
  isActive: truth('Whether the account is active.'),
  phoneNumber: text('Phone number.'),
  address1: text('First line of the address.'),
  address2: text('Second line of the address.'),
  city: text('City.'),
  state: text('State or province.'),
  postalCode: text('Postal code.'),
  country: text('Country.'),
  language: text('Language.'),
  timezone: text('Time zone.'),
  currency: text('Currency.'),
  externalId: nullableText('What another system calls it.', 'id'),
  metadata: many(text('A note of another system.', 'name=text')),
};

/** The fields as the service takes them. */
export function toAccountFields(
  { metadata, ...fields }: Values<typeof accountFields>,
  removed?: readonly string[],
) {
  return { ...fields, metadata: metadataOf(metadata, removed) };
}

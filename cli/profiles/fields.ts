import { nullableText, text, truth } from '../command/flags.ts';

/** The fields that both a creation and a change of a profile take. */
export const profileFields = {
  name: text('Name of the profile.'),
  profileImageUrl: nullableText('Address of a picture.', 'url'),
  isTest: truth('Whether the profile is one of a test.'),
};

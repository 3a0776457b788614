import { expect, test } from 'vitest';
import { Email } from '../../../src/directory/users/email.ts';

const label = (length: number) => 'a'.repeat(length);

// The examples that Django tests its own validator with, and those of the issue.
test.each([
  'email@here.com',
  'weirder-email@here.and.there.com',
  'email@[127.0.0.1]',
  'email@[2001:dB8::1]',
  'email@[2001:dB8:0:0:0:0:0:1]',
  'email@[::fffF:127.0.0.1]',
  'example@valid-----hyphens.com',
  'example@valid-with-hyphens.com',
  'test@domain.with.idn.tld.उदाहरण.परीक्षा',
  'email@localhost',
  '"test@test"@example.com',
  `example@atm.${label(63)}`,
  `example@${label(63)}.atm`,
  `example@${label(63)}.${label(10)}.atm`,
  '"\\\t"@here.com',
  `a@${label(63)}.us`,
  'a@example.xn--p1ai',
  'a&b@example.com',
  "o'neil+x/y=z@example.co",
  'a@пример.рф',
])('%j is an e-mail address', (email) => {
  expect(Email.safeParse(email).success).toBe(true);
});

test.each([
  '',
  'abc',
  'abc@',
  'abc@bar',
  'a @x.cz',
  'abc@.com',
  'something@@somewhere.com',
  'email@127.0.0.1',
  'email@[127.0.0.256]',
  'email@[2001:db8::12345]',
  'email@[2001:db8:0:0:0:0:1]',
  'email@[::ffff:127.0.0.256]',
  'email@[2001:dg8::1]',
  'email@[::fTzF:127.0.0.1]',
  'example@invalid-.com',
  'example@-invalid.com',
  'example@invalid.com-',
  'example@inv-.alid-.com',
  'example@inv-.-alid.com',
  'test@example.com\n\n<script src="x.js">',
  '"\\\n"@here.com',
  'trailingdot@shouldfail.com.',
  `a@${label(64)}.us`,
  `example@atm.${label(64)}`,
  'a@b.com\n',
  'a\n@b.com',
  '"test@test"\n@example.com',
  'a@[127.0.0.1\n]',
  '@example.com',
  'a@exa_mple.com',
  'a@пример.рф/x',
  'a@\ud800.com',
  `a@${`${label(63)}.`.repeat(4)}com`,
])('%j is none', (email) => {
  expect(Email.safeParse(email).success).toBe(false);
});

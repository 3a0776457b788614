import { expect, test } from 'vitest';
import { isTag } from '../../src/directory/tags.ts';

test.each([
  'everything',
  'default-account',
  'user-rights',
  'user:3',
  'members:9007199254740991',
  'memberships:1',
  'profile:12',
  'account:4',
  'key:7',
  'account-number:1234-5678-9012',
  'username:ann',
  'username:user:1',
  'username:NaN',
  'username: a b ü🦶',
])('%j is a tag', (tag) => {
  expect(isTag(tag)).toBe(true);
});

test.each([
  '',
  'user',
  'user:',
  'user:0',
  'user:03',
  'user:-3',
  'user:NaN',
  'user:null',
  'user:1.5',
  'user:3\n',
  'user:Mw==',
  'users:3',
  'members:NaN',
  'account-number:123456789012',
  'account-number:undefined',
  'username:',
  'username:a\nb',
  'everything:1',
  'ZXZlcnl0aGluZw==',
  'e3VzZXI6M30=',
  '__proto__',
])('%j is none', (text) => {
  expect(isTag(text)).toBe(false);
});

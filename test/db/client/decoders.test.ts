import { describe, expect, test } from 'vitest';
import { decimal, decoderOfJson, decoderOfType, nullable, whole } from '../../../src/db/client/decoders.ts';
import { GarbledAnswer } from '../../../src/db/client/errors.ts';
import { users } from '../../../src/db/schema/tables.ts';
import { apiKeys } from '../../../src/db/schema/managing.ts';
import { fromSnapshot } from '../../../src/db/reads/snapshot.ts';

const TIME = 'timestamp with time zone';

describe('a value of its type is taken', () => {
  test.each<[string, unknown, unknown]>([
    ['bigint', '12', 12],
    ['bigint', '-9007199254740991', -9007199254740991],
    ['boolean', true, true],
    ['boolean', false, false],
    ['text', '', ''],
    ['text[]', ['a', ''], ['a', '']],
    ['text[]', [], []],
    ['jsonb', { a: 1 }, { a: 1 }],
    [TIME, '1767315845.678901', new Date('2026-01-02T01:04:05.678Z')],
    [TIME, '-2208988800.000000', new Date('1900-01-01T00:00:00.000Z')],
    [TIME, '-2208988799.999500', new Date('1900-01-01T00:00:00.000Z')],
    [TIME, '0', new Date(0)],
    [TIME, 'Infinity', new Date('9999-12-31T23:59:59.999Z')],
    [TIME, '-Infinity', new Date('1000-01-01T00:00:00.000Z')],
    [TIME, '9224318016000.000000', new Date('9999-12-31T23:59:59.999Z')],
    [TIME, '-210866803200.000000', new Date('1000-01-01T00:00:00.000Z')],
  ])('%s %j', (type, value, decoded) => {
    expect(decoderOfType(type)(value)).toEqual(decoded);
  });
});

describe('what is not of its type is garbled', () => {
  test.each<[string, unknown]>([
    ['bigint', undefined],
    ['bigint', null],
    ['bigint', ''],
    ['bigint', 'NaN'],
    ['bigint', 'Mw=='],
    ['bigint', '1.5'],
    ['bigint', '9007199254740993'],
    ['bigint', NaN],
    ['bigint', true],
    ['boolean', 't'],
    ['boolean', 'dA=='],
    ['boolean', 1],
    ['boolean', null],
    ['text', undefined],
    ['text', null],
    ['text', 3],
    ['text[]', 'e30='],
    ['text[]', null],
    ['text[]', ['a', null]],
    ['text[]', [['a']]],
    ['jsonb', undefined],
    [TIME, 'NaN'],
    [TIME, '1.7e9'],
    [TIME, 1767315845],
    [TIME, '02/01/2026 03:04:05 CET'],
    [TIME, '2026-01-02 03:04:05+00'],
    [TIME, 'MjAyNi0wMS0wMg=='],
  ])('%s %j', (type, value) => {
    expect(() => decoderOfType(type)(value)).toThrow(GarbledAnswer);
  });

  test.each([null, '', 'NaN', 'Infinity', 'MS41', undefined])('numeric %j', (value) => {
    expect(() => decimal(value)).toThrow(GarbledAnswer);
  });
});

test('only null is what is not there', () => {
  expect(nullable(whole)(null)).toBeNull();
  expect(() => nullable(whole)(undefined)).toThrow(GarbledAnswer);
});

test.each([
  ['2026-01-02T03:04:05+00:00', '2026-01-02T03:04:05.000Z'],
  ['2026-01-02T03:04:05.678901+02:00', '2026-01-02T01:04:05.678Z'],
  ['2026-01-02T03:04:05.6-05:30', '2026-01-02T08:34:05.600Z'],
  ['1900-01-01T00:09:21+00:09:21', '1900-01-01T00:00:00.000Z'],
  ['1900-01-01T00:00:00-03:30:52', '1900-01-01T03:30:52.000Z'],
  ['infinity', '9999-12-31T23:59:59.999Z'],
  ['-infinity', '1000-01-01T00:00:00.000Z'],
  ['294276-12-31T00:00:00+00:00', '9999-12-31T23:59:59.999Z'],
  ['0044-03-15T00:00:00+00:00 BC', '1000-01-01T00:00:00.000Z'],
])('the time %j in JSON is %j', (text, time) => {
  expect(decoderOfJson(TIME)(text)).toEqual(new Date(time));
});

describe('of the snapshot of a row', () => {
  const snapshot = {
    id: 3,
    username: 'ann',
    username_compared: 'ann',
    email: 'ann@example.com',
    first_name: '',
    last_name: '',
    is_active: true,
    is_staff: false,
    is_superuser: false,
    date_joined: '2026-01-02T03:04:05+00:00',
    last_login: null,
    revision: 1,
    external_id: null,
    metadata: { plan: 'pro' },
  };

  test('each column is taken', () => {
    expect(fromSnapshot(users, snapshot)).toMatchObject({ id: 3, isActive: true, lastLogin: null });
  });

  test.each([
    [null],
    ['eyJpZCI6M30='],
    [{ ...snapshot, id: null }],
    [{ ...snapshot, id: 'x' }],
    [{ ...snapshot, is_staff: 'dA==' }],
    [{ ...snapshot, is_superuser: null }],
    [{ ...snapshot, last_login: undefined }],
    [{ ...snapshot, external_id: 7 }],
    [{ ...snapshot, metadata: null }],
    [{ ...snapshot, metadata: ['x'] }],
    [{ ...snapshot, metadata: { plan: 7 } }],
    [{ ...snapshot, date_joined: 'bm93' }],
  ])('%j is none', (json) => {
    expect(() => fromSnapshot(users, json)).toThrow(GarbledAnswer);
  });

  test('of another table it is none', () => {
    expect(() => fromSnapshot(apiKeys, snapshot)).toThrow(GarbledAnswer);
  });
});

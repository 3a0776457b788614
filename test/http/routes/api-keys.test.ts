import { afterEach, describe, expect, test, vi } from 'vitest';
import { SCOPES } from '../../../src/directory/caller.ts';
import { get, send, sql, type TestStack, useStack, whileAway } from '../../support/stack.ts';
import { change, create, jsonOf } from '../../support/http/changes.ts';
import { type Issued, issuedOf, issueKey, withKey } from '../../support/http/issued-keys.ts';
import { expectProblem } from '../../support/http/problem.ts';

const stack = useStack();
const STACKADEMY = '1234-5678-9012';
const any = { 'If-Match': '*' };
const make = (body: unknown, headers = {}) => create(stack.current, '/v1/keys', body, headers);
const patch = ({ id }: Pick<Issued, 'id'>, body: object, headers: Record<string, string> = any) =>
  change(stack.current, 'PATCH', `/v1/keys/${id}`, body, headers);
const rotate = ({ id }: Pick<Issued, 'id'>, body: object = {}, headers = {}) =>
  create(stack.current, `/v1/keys/${id}/rotate`, body, headers);
const revoke = ({ id }: Pick<Issued, 'id'>, headers = {}) =>
  change(stack.current, 'DELETE', `/v1/keys/${id}`, undefined, headers);
const read = async ({ id }: Pick<Issued, 'id'>, headers = {}) =>
  jsonOf(await get(stack.current, `/v1/keys/${id}`, headers));
interface KeyPage {
  readonly items: readonly Record<string, unknown>[];
  readonly nextCursor: string | null;
}

const good = { name: 'Reader', scopes: ['directory:read'] };

/** A key that may manage keys and read, and no more. */
const keeper = (rest: object = {}) =>
  issueKey(stack.current, { scopes: ['keys:write', 'directory:read'], ...rest });

afterEach(() => void vi.useRealTimers());

describe('creating', () => {
  test('shows the key once, and its metadata ever after', async () => {
    const expiresAt = '2100-01-01T02:00:00+02:00';
    const response = await make({ ...good, accountNumber: STACKADEMY, expiresAt });
    expect(response.status).toBe(201);
    expect(response.headers.get('Cache-Control')).toBe('no-store');
    const { key, ...metadata } = await jsonOf(response);
    expect(response.headers.get('Location')).toBe(`/v1/keys/${String(metadata['id'])}`);
    expect(key).toMatch(new RegExp(`^ea_local_${String(metadata['id'])}_[0-9A-Za-z]{49}$`));
    const time: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(metadata).toEqual({
      id: expect.any(Number),
      ...good,
      accountNumber: STACKADEMY,
      createdBy: 'root',
      createdAt: time,
      updatedAt: time,
      expiresAt: '2100-01-01T00:00:00.000Z',
      revokedAt: null,
      lastUsedAt: null,
      previousValidUntil: null,
      revision: 1,
    });
    const found = await get(stack.current, `/v1/keys/${String(metadata['id'])}`);
    expect(found.headers.get('ETag')).toBe(response.headers.get('ETag'));
    expect(found.headers.get('Cache-Control')).toBe('no-store');
    expect(await found.json()).toEqual(metadata);
  });

  test.each([
    [{}, ['name', 'scopes']],
    [{ ...good, name: '' }, ['name']],
    [{ ...good, name: 'x'.repeat(101) }, ['name']],
    [{ ...good, name: 'a\nb' }, ['name']],
    [{ ...good, scopes: [] }, ['scopes']],
    [{ ...good, scopes: ['all'] }, ['scopes.0']],
    [{ ...good, scopes: ['directory:read', 'directory:read'] }, ['scopes']],
    [{ ...good, scopes: 'directory:read' }, ['scopes']],
    [{ ...good, accountNumber: null }, ['accountNumber']],
    [{ ...good, accountNumber: '1' }, ['accountNumber']],
    [{ ...good, expiresAt: 'tomorrow' }, ['expiresAt']],
    [{ ...good, expiresAt: '2030-01-01' }, ['expiresAt']],
    [{ ...good, expiresAt: '0000-01-01T00:00:00Z' }, ['expiresAt']],
    [{ ...good, expiresAt: '9999-12-31T23:59:59-01:00' }, ['expiresAt']],
    [{ ...good, expiresAt: 7 }, ['expiresAt']],
    [{ ...good, expiresAt: '2026-01-31T00:00:00Z' }, ['expiresAt']],
    [
      { ...good, id: 7, sha256: 'x', revokedAt: null, revision: 7 },
      ['id', 'sha256', 'revokedAt', 'revision'],
    ],
    [[], ['body']],
  ])('from %j is 400 and names %j', async (body, names) => {
    const { errors } = await expectProblem(await make(body), 'bad_request');
    expect(errors?.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
  });

  test('for an account that is not there is 404, and makes nothing', async () => {
    const before = await sql(stack.current, 'select count(*) from api_keys');
    const headers = { 'Idempotency-Key': 'unknown-account' };
    const body = { ...good, accountNumber: '0000-0000-0000' };
    await expectProblem(await make(body), 'account_does_not_exist');
    await expectProblem(await make(body, headers), 'account_does_not_exist');
    await expectProblem(await make(body, headers), 'account_does_not_exist');
    expect(await sql(stack.current, 'select count(*) from api_keys')).toEqual(before);
    expect((await make(good, headers)).status).toBe(201);
  });

  test('is 503 without Postgres, and goes on without Redis', async () => {
    await expectProblem(await whileAway(stack.current, ['postgres'], () => make(good)), 'unavailable');
    const response = await whileAway(stack.current, ['redis'], () => make(good));
    expect(response.headers.get('Cache-Status')).toContain('detail=invalidation-pending');
    expect(
      (await send(stack.current, '/v1/users/3', { headers: withKey(await issuedOf(response)) })).status,
    ).toBe(200);
  });
});

describe('an Idempotency-Key', () => {
  const headers = (name: string, of?: Issued) => ({ 'Idempotency-Key': name, ...(of && withKey(of)) });

  test('makes one key, and its secret is shown again byte for byte', async () => {
    const body = { ...good, name: 'Once', accountNumber: STACKADEMY, expiresAt: '2100-01-01T00:00:00Z' };
    const first = await make(body, headers('once'));
    const again = await make(body, headers('once'));
    expect(again.status).toBe(201);
    expect(again.headers.get('Idempotency-Replayed')).toBe('true');
    expect(again.headers.get('Location')).toBe(first.headers.get('Location'));
    expect(again.headers.get('ETag')).toBe(first.headers.get('ETag'));
    const text = await first.text();
    expect(await again.text()).toBe(text);
    const { key } = JSON.parse(text) as Issued;
    const used = await send(stack.current, '/v1/users/3', { headers: withKey({ key }) });
    expect(used.status).toBe(200);
    expect(await sql(stack.current, `select 1 from api_keys where name = 'Once'`)).toHaveLength(1);
    expect(await (await make(body, headers('once'))).text()).toBe(text);
    await expectProblem(await make({ ...body, name: 'Twice' }, headers('once')), 'idempotency_key_reused');
  });

  test('gives simultaneous requests one key', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => make({ ...good, name: 'Crowd' }, headers('crowd'))),
    );
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    expect(new Set(texts).size).toBe(1);
    expect(texts[0]).toContain('"key":"ea_local_');
    expect(await sql(stack.current, `select 1 from api_keys where name = 'Crowd'`)).toHaveLength(1);
  });

  test('of one caller is not that of another, and their secrets differ', async () => {
    const [a, b] = [await keeper(), await keeper()];
    const ofA = await issuedOf(await make(good, headers('same', a)));
    const ofB = await issuedOf(await make(good, headers('same', b)));
    expect(ofB.id).not.toBe(ofA.id);
    expect(ofB.key.slice(-49)).not.toBe(ofA.key.slice(-49));
  });

  test('shows the secret to nobody who has not the key that it was made with', async () => {
    const maker = await keeper();
    const made = await issuedOf(await make(good, headers('rotated', maker)));
    const next = await issuedOf(await rotate(maker));
    const response = await make(good, headers('rotated', next));
    const { detail } = await expectProblem(response, 'idempotency_key_reused');
    expect(detail).toContain(`key ${made.id} `);
    await expectProblem(await make(good, headers('rotated', maker)), 'forbidden');
  });
});

describe('an Idempotency-Key of a rotation', () => {
  const headers = (name: string, of?: Pick<Issued, 'key'>) => ({
    'Idempotency-Key': name,
    ...(of && withKey(of)),
  });

  test('has the secret shown again byte for byte, and changes nothing the second time', async () => {
    const key = await issueKey(stack.current);
    const first = await rotate(key, { gracePeriodSeconds: 60 }, headers('again'));
    expect(first.headers.get('Idempotency-Replayed')).toBeNull();
    const text = await first.text();
    const row = () => sql(stack.current, 'select * from api_keys where id = $1', key.id);
    const before = await row();
    const again = await rotate(key, { gracePeriodSeconds: 60 }, headers('again'));
    expect(again.status).toBe(200);
    expect(again.headers.get('Idempotency-Replayed')).toBe('true');
    expect(again.headers.get('ETag')).toBe(first.headers.get('ETag'));
    expect(await again.text()).toBe(text);
    expect(await row()).toEqual(before);
    for (const secret of [key, JSON.parse(text) as Issued])
      expect((await send(stack.current, '/v1/users/3', { headers: withKey(secret) })).status).toBe(200);
  });

  test('does not show a key that rotated itself its next secret again, by neither secret', async () => {
    const maker = await keeper();
    const next = await issuedOf(await rotate(maker, {}, headers('own', maker)));
    await expectProblem(await rotate(maker, {}, headers('own', maker)), 'forbidden');
    await expectProblem(await rotate(maker, {}, headers('own', next)), 'idempotency_key_reused');
  });

  test('gives simultaneous requests one secret, and other names and keys others', async () => {
    const [key, other] = [await issueKey(stack.current), await issueKey(stack.current)];
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => rotate(key, {}, headers('rotated crowd'))),
    );
    const issued = await Promise.all(answers.map(issuedOf));
    expect(new Set(issued.map((one) => one.key)).size).toBe(1);
    expect(await read(key)).toMatchObject({ revision: 2 });
    const secrets = [
      ...issued.slice(0, 1),
      await issuedOf(await rotate(key, {}, headers('rotated crowd 2'))),
      await issuedOf(await rotate(other, {}, headers('rotated crowd 3'))),
      await issuedOf(await rotate(other, {}, headers('rotated crowd', await keeper()))),
    ].map((one) => one.key.split('_')[3]);
    expect(new Set(secrets).size).toBe(4);
  });

  test('brings no secret back after the next rotation: the answer is the same, and the secret stays refused', async () => {
    const key = await issueKey(stack.current);
    const answers: string[] = [];
    for (const name of ['a', 'b', 'c'])
      answers.push(await (await rotate(key, { gracePeriodSeconds: 0 }, headers(name))).text());
    const again = await rotate(key, { gracePeriodSeconds: 0 }, headers('a'));
    expect(again.headers.get('Idempotency-Replayed')).toBe('true');
    expect(await again.text()).toBe(answers[0]);
    expect(await read(key)).toMatchObject({ revision: 4 });
    const secrets = [key, ...answers.map((answer) => JSON.parse(answer) as Issued)];
    const statuses = secrets.map(
      async (secret) => (await send(stack.current, '/v1/users/3', { headers: withKey(secret) })).status,
    );
    expect(await Promise.all(statuses)).toEqual([401, 401, 401, 200]);
  });

  test('comes with one request: another body or another key is 422', async () => {
    const [key, other] = [await issueKey(stack.current), await issueKey(stack.current)];
    await rotate(key, { gracePeriodSeconds: 60 }, headers('reused'));
    for (const refused of [
      await rotate(key, { gracePeriodSeconds: 61 }, headers('reused')),
      await rotate(key, {}, headers('reused')),
      await rotate(other, { gracePeriodSeconds: 60 }, headers('reused')),
      await make(good, headers('reused')),
    ])
      await expectProblem(refused, 'idempotency_key_reused');
    expect(await read(key)).toMatchObject({ revision: 2 });
    expect(await read(other)).toMatchObject({ revision: 1 });
  });

  test('is forgotten after a day, and then rotates anew, with a secret of its own', async () => {
    const key = await issueKey(stack.current);
    const first = await issuedOf(await rotate(key, {}, headers('daily')));
    await sql(
      stack.current,
      `update idempotency_keys set created_at = now() - interval '24 hours 1 second' where key = 'daily'`,
    );
    const second = await issuedOf(await rotate(key, {}, headers('daily')));
    expect(second.key).not.toBe(first.key);
    expect(await read(key)).toMatchObject({ revision: 3 });
  });

  test('is free again after a refusal', async () => {
    const key = await issueKey(stack.current, { scopes: [...SCOPES] });
    const maker = await keeper();
    await expectProblem(await rotate(key, {}, headers('refused', maker)), 'forbidden');
    await expectProblem(await rotate({ id: 999_999 }, {}, headers('refused', maker)), 'key_does_not_exist');
    const revoked = await issueKey(stack.current);
    await revoke(revoked);
    await expectProblem(await rotate(revoked, {}, headers('refused', maker)), 'key_is_revoked');
    expect((await rotate(await issueKey(stack.current), {}, headers('refused', maker))).status).toBe(200);
  });
});

describe('listing', () => {
  test('shows every key in pages by id, and no hash', async () => {
    const made = [
      await issueKey(stack.current),
      await issueKey(stack.current),
      await issueKey(stack.current),
    ];
    const ids: unknown[] = [];
    let path = '/v1/keys?limit=2';
    for (;;) {
      const response = await get(stack.current, path);
      expect(response.headers.get('Cache-Control')).toBe('no-store');
      const { items, nextCursor } = await response.json<KeyPage>();
      expect(items.length).toBeLessThanOrEqual(2);
      for (const item of items) {
        ids.push(item['id']);
        expect(Object.keys(item).join()).not.toMatch(/sha|secret|"key"/i);
      }
      if (nextCursor === null) break;
      path = `/v1/keys?limit=2&cursor=${nextCursor}`;
    }
    expect(ids).toEqual(ids.toSorted((a, b) => Number(a) - Number(b)));
    expect(ids).toEqual(expect.arrayContaining(made.map(({ id }) => id)));
    const rows = await sql<{ id: string }>(stack.current, 'select id from api_keys order by id');
    expect(ids).toEqual(rows.map(({ id }) => Number(id)));
  });

  test('and reading are 503 without Postgres', async () => {
    await issueKey(stack.current);
    for (const path of ['/v1/keys', '/v1/keys/1'])
      await expectProblem(
        await whileAway(stack.current, ['postgres'], () => get(stack.current, path)),
        'unavailable',
      );
  });
});

test('a key that is not there is 404 to every method', async () => {
  const absent = { id: 999_999 };
  for (const response of [
    await get(stack.current, '/v1/keys/999999'),
    await patch(absent, { name: 'x' }),
    await rotate(absent),
    await revoke(absent),
  ])
    await expectProblem(response, 'key_does_not_exist');
});

describe('changing', () => {
  test('needs If-Match, and one that is current', async () => {
    const key = await issueKey(stack.current);
    await expectProblem(await patch(key, { name: 'A' }, {}), 'precondition_required');
    const done = await patch(key, { name: 'A', expiresAt: '2100-01-01T00:00:00Z' }, { 'If-Match': key.etag });
    expect(await jsonOf(done)).toMatchObject({ name: 'A', revision: 2, scopes: ['directory:read'] });
    expect(done.headers.get('Consistency-Token')).not.toBeNull();
    const late = await patch(key, { name: 'B' }, { 'If-Match': key.etag });
    expect(late.headers.get('ETag')).toBe(done.headers.get('ETag'));
    await expectProblem(late, 'precondition_failed');
    expect(await jsonOf(await patch(key, { expiresAt: null }))).toMatchObject({ name: 'A', expiresAt: null });
  });

  test.each([
    { accountNumber: STACKADEMY },
    { revokedAt: null },
    { sha256: 'x' },
    { scopes: [] },
    { name: null },
  ])('%j is 400', async (body) => {
    const key = await issueKey(stack.current);
    await expectProblem(await patch(key, body), 'bad_request');
  });
});

describe('revoking', () => {
  test('needs no If-Match, leaves the key listed, and again changes nothing', async () => {
    const key = await issueKey(stack.current);
    const first = await jsonOf(await revoke(key));
    expect(first['revokedAt']).not.toBeNull();
    expect(await jsonOf(await revoke(key))).toEqual(first);
    expect(await read(key)).toEqual(first);
  });

  test('cannot be undone: neither by a rotation nor by a change', async () => {
    const key = await issueKey(stack.current);
    await revoke(key);
    await expectProblem(await rotate(key), 'key_is_revoked');
    await expectProblem(await patch(key, { name: 'x' }, { 'If-Match': key.etag }), 'precondition_failed');
    await patch(key, { expiresAt: null, scopes: ['directory:read'] });
    await expectProblem(await send(stack.current, '/v1/users/3', { headers: withKey(key) }), 'unauthorized');
  });
});

test.each([-1, 604_801, 1.5, '60', null])('a grace period of %j is 400', async (gracePeriodSeconds) => {
  const key = await issueKey(stack.current);
  await expectProblem(await rotate(key, { gracePeriodSeconds }), 'bad_request');
});

test('a rotation says until when the secret before it is good, a day without a word', async () => {
  const key = await issueKey(stack.current);
  const response = await rotate(key);
  expect(response.headers.get('Cache-Control')).toBe('no-store');
  const { previousValidUntil, updatedAt } = await jsonOf(response);
  const graceMs = Date.parse(String(previousValidUntil)) - Date.parse(String(updatedAt));
  expect(Math.abs(graceMs - 86_400_000)).toBeLessThan(10);
  expect(await jsonOf(await rotate(key, { gracePeriodSeconds: 0 }))).toMatchObject({
    previousValidUntil: null,
  });
});

describe('nobody gives what they have not', () => {
  const more = ['keys:write', 'directory:write'];

  test('not by creating a key', async () => {
    const own = withKey(await keeper());
    const { detail } = await expectProblem(await make({ ...good, scopes: more }, own), 'forbidden');
    expect(detail).toContain('directory:write');
    expect((await make(good, own)).status).toBe(201);
  });

  test('not by giving a key more scopes', async () => {
    const own = withKey(await keeper());
    const key = await issueKey(stack.current);
    await expectProblem(await patch(key, { scopes: more }, { ...any, ...own }), 'forbidden');
    expect(await read(key)).toMatchObject({ scopes: ['directory:read'], revision: 1 });
  });

  test('not by rotating or changing a key that may do more, which may be revoked all the same', async () => {
    const own = withKey(await keeper());
    const key = await issueKey(stack.current, { scopes: [...SCOPES] });
    await expectProblem(await rotate(key, {}, own), 'forbidden');
    await expectProblem(await patch(key, { expiresAt: null }, { ...any, ...own }), 'forbidden');
    expect(await read(key)).toMatchObject({ revision: 1, previousValidUntil: null });
    expect(await jsonOf(await revoke(key, own))).toMatchObject({ revision: 2 });
  });

  test('not by a key that outlives their own', async () => {
    const soon = '2100-01-01T00:00:00.000Z';
    const later = '2100-01-01T00:00:00.001Z';
    const own = withKey(await keeper({ expiresAt: soon }));
    for (const expiresAt of [undefined, null, later]) {
      const { detail } = await expectProblem(await make({ ...good, expiresAt }, own), 'forbidden');
      expect(detail).toContain(soon);
    }
    const equal = await issuedOf(await make({ ...good, expiresAt: soon }, own));
    await expectProblem(await patch(equal, { expiresAt: later }, { ...any, ...own }), 'forbidden');
    await expectProblem(await patch(equal, { expiresAt: null }, { ...any, ...own }), 'forbidden');
    expect((await patch(equal, { name: 'Renamed' }, { ...any, ...own })).status).toBe(200);
    for (const expiresAt of [null, later]) {
      const longer = await issueKey(stack.current, { expiresAt });
      await expectProblem(await rotate(longer, {}, own), 'forbidden');
      await expectProblem(await patch(longer, { name: 'Renamed' }, { ...any, ...own }), 'forbidden');
      expect(await read(longer)).toMatchObject({ revision: 1 });
      expect((await revoke(longer, own)).status).toBe(200);
    }
    expect((await rotate(equal, {}, own)).status).toBe(200);
  });

  test('not by the secret before the last rotation, which manages no keys in its grace period', async () => {
    const maker = await keeper({ scopes: ['keys:write', 'directory:read', 'directory:write'] });
    const key = await issueKey(stack.current);
    const next = await issuedOf(await rotate(maker, { gracePeriodSeconds: 3_600 }));
    const [before, own] = [withKey(maker), withKey(next)];
    const rows = () => sql(stack.current, 'select * from api_keys order by id');
    const kept = await rows();
    for (const refused of [
      await make(good, before),
      await rotate(key, {}, before),
      await rotate(maker, {}, before),
      await patch(maker, { name: 'Mine' }, { ...any, ...before }),
      await revoke(key, before),
      await revoke(maker, before),
      await get(stack.current, '/v1/keys', before),
      await get(stack.current, `/v1/keys/${key.id}`, before),
    ]) {
      const { detail } = await expectProblem(refused, 'forbidden');
      expect(detail).toContain('grace period');
    }
    expect(await rows()).toEqual(kept);
    expect((await get(stack.current, '/v1/users/3', before)).status).toBe(200);
    expect((await make(good, own)).status).toBe(201);
    expect((await rotate(maker, {}, own)).status).toBe(200);
  });

  test('a key that is bound gives keys of its account alone', async () => {
    const own = withKey(await keeper({ accountNumber: STACKADEMY }));
    const bound = { ...good, accountNumber: STACKADEMY };
    expect(await jsonOf(await make(bound, own))).toMatchObject({ accountNumber: STACKADEMY });
    await expectProblem(await make(good, own), 'forbidden');
    for (const accountNumber of ['3141-5926-5359', '0000-0000-0000'])
      await expectProblem(await make({ ...good, accountNumber }, own), 'account_does_not_exist');
  });

  test('a key that is bound sees and changes keys of its account alone', async () => {
    const own = await keeper({ accountNumber: STACKADEMY });
    const mine = await issueKey(stack.current, { accountNumber: STACKADEMY });
    const others = [
      await issueKey(stack.current),
      await issueKey(stack.current, { accountNumber: '3141-5926-5359' }),
    ];
    const rows = await sql<{ id: string }>(
      stack.current,
      'select id from api_keys where account_id = 2 order by id',
    );
    const response = await get(stack.current, '/v1/keys?limit=500', withKey(own));
    const { items } = await response.json<KeyPage>();
    expect(items.map((item) => item['id'])).toEqual(rows.map(({ id }) => Number(id)));
    expect(await read(mine, withKey(own))).toMatchObject({ id: mine.id });
    for (const other of others) {
      const before = await read(other);
      for (const refused of [
        await get(stack.current, `/v1/keys/${other.id}`, withKey(own)),
        await patch(other, { name: 'x' }, { ...any, ...withKey(own) }),
        await rotate(other, {}, withKey(own)),
        await revoke(other, withKey(own)),
      ])
        await expectProblem(refused, 'key_does_not_exist');
      expect(await read(other)).toEqual(before);
    }
    expect((await revoke(mine, withKey(own))).status).toBe(200);
  });
});

test('a key is not made to have expired', async () => {
  const key = await issueKey(stack.current);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2090-01-01T00:00:00Z') });
  for (const expiresAt of ['2089-12-31T23:59:59.999Z', '2090-01-01T01:00:00+01:00']) {
    for (const refused of [await make({ ...good, expiresAt }), await patch(key, { expiresAt })]) {
      const { errors } = await expectProblem(refused, 'bad_request');
      expect(errors).toEqual([{ in: 'body', name: 'expiresAt', detail: 'must be in the future' }]);
    }
  }
  expect((await patch(key, { expiresAt: '2090-01-01T00:00:00.001Z' })).status).toBe(200);
});

test('a creation whose key has expired since is answered as it was, under its Idempotency-Key alone', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2090-01-01T00:00:00Z') });
  const body = { ...good, expiresAt: '2090-01-01T00:01:00Z' };
  const headers = { 'Idempotency-Key': 'soon over' };
  const first = await make(body, headers);
  expect(first.status).toBe(201);
  vi.setSystemTime(Date.parse('2090-01-01T00:02:00Z'));
  const again = await make(body, headers);
  expect(again.status).toBe(201);
  expect(again.headers.get('Idempotency-Replayed')).toBe('true');
  expect(await again.text()).toBe(await first.text());
  await expectProblem(await make({ ...body, name: 'Other' }, headers), 'idempotency_key_reused');
  for (const unknown of [{}, { 'Idempotency-Key': 'never begun' }]) {
    const { errors } = await expectProblem(await make(body, unknown), 'bad_request');
    expect(errors).toEqual([{ in: 'body', name: 'expiresAt', detail: 'must be in the future' }]);
  }
  // What was refused is not claimed.
  const later = { ...body, expiresAt: '2090-01-01T00:03:00Z' };
  expect((await make(later, { 'Idempotency-Key': 'never begun' })).status).toBe(201);
});

describe('who made a key', () => {
  test('is told, and never changes', async () => {
    const maker = await keeper();
    const key = await issuedOf(await make(good, withKey(maker)));
    expect(await read(key)).toMatchObject({ createdBy: `key:${maker.id}` });
    await patch(key, { name: 'Renamed' });
    await rotate(key);
    expect(await read(key)).toMatchObject({ createdBy: `key:${maker.id}` });
    await expectProblem(await patch(key, { createdBy: 'root' }), 'bad_request');
    const [row] = await sql<{ id: number }>(
      stack.current,
      `insert into api_keys (name, scopes, sha256) values ('By hand', '{}', repeat('0', 64)) returning id::int`,
    );
    expect(await read({ id: row?.id ?? 0 })).toMatchObject({ createdBy: null });
  });

  test('filters the list, page by page, within what the caller sees', async () => {
    const maker = await keeper({ accountNumber: STACKADEMY });
    const bound = { ...good, accountNumber: STACKADEMY };
    const made = [
      await issuedOf(await make(bound, withKey(maker))),
      await issuedOf(await make(bound, withKey(maker))),
      await issuedOf(await make(bound, withKey(maker))),
    ];
    const pageOf = async (query: string, headers = {}) => {
      const response = await get(stack.current, `/v1/keys?limit=2&createdBy=${query}`, headers);
      const { items, nextCursor } = await response.json<KeyPage>();
      return { ids: items.map((item) => item['id']), nextCursor };
    };
    const ids = made.map(({ id }) => id);
    const first = await pageOf(`key:${maker.id}`);
    expect(first.ids).toEqual(ids.slice(0, 2));
    const last = await pageOf(`key:${maker.id}&cursor=${first.nextCursor}`);
    expect(last).toEqual({ ids: ids.slice(2), nextCursor: null });
    expect((await pageOf(`key:${maker.id}`, withKey(maker))).ids).toEqual(ids.slice(0, 2));
    const other = await keeper({ accountNumber: '3141-5926-5359' });
    expect((await pageOf(`key:${maker.id}`, withKey(other))).ids).toEqual([]);
    expect((await pageOf('key:999999')).ids).toEqual([]);
    await expectProblem(await get(stack.current, '/v1/keys?createdBy='), 'bad_request');
  });
});

describe('revoking a key with its descendants', () => {
  const revokeAll = ({ id }: Pick<Issued, 'id'>, query = '', headers = {}) =>
    change(stack.current, 'DELETE', `/v1/keys/${id}?withDescendants=true${query}`, undefined, headers);
  const isGood = async (key: Issued) => (await read(key))['revokedAt'] === null;
  const counted = (keys: number, dryRun: boolean) => ({
    dryRun,
    accounts: 0,
    users: 0,
    userProfiles: 0,
    keys,
  });

  /** A key, two that it made, and two that the first of these made; and one beside them. */
  async function makeFamily(rest: object = {}) {
    const body = { name: 'Child', scopes: ['keys:write', 'directory:read'], ...rest };
    const parent = await keeper(rest);
    const child = await issuedOf(await make(body, withKey(parent)));
    const second = await issuedOf(await make(body, withKey(parent)));
    const grandchild = await issuedOf(await make(body, withKey(child)));
    const last = await issuedOf(await make(body, withKey(grandchild)));
    return { family: [parent, child, second, grandchild, last], child, beside: await keeper(rest) };
  }

  test('says first how many that would end, and ends them all', async () => {
    const { family, child, beside } = await makeFamily();
    const [parent] = family as [Issued];
    expect(await jsonOf(await revokeAll(parent, '&dryRun=true'))).toEqual(counted(5, true));
    expect(await Promise.all(family.map(isGood))).toEqual(family.map(() => true));
    // What a key made that is revoked by itself goes on, and is found through it.
    expect((await revoke(child)).status).toBe(200);
    const done = await revokeAll(parent);
    expect(done.headers.get('Consistency-Token')).not.toBeNull();
    expect(await jsonOf(done)).toEqual(counted(4, false));
    for (const key of family)
      await expectProblem(
        await send(stack.current, '/v1/users/3', { headers: withKey(key) }),
        'unauthorized',
      );
    expect(await isGood(beside)).toBe(true);
    expect(await jsonOf(await revokeAll(parent))).toEqual(counted(0, false));
  });

  test('is not done without being asked for', async () => {
    const { family } = await makeFamily();
    const [parent, ...others] = family as [Issued, ...Issued[]];
    const dry = await change(stack.current, 'DELETE', `/v1/keys/${parent.id}?dryRun=true`);
    expect(await jsonOf(dry)).toEqual(counted(1, true));
    expect(await jsonOf(await revoke(parent))).toMatchObject({ id: parent.id });
    expect(await Promise.all(others.map(isGood))).toEqual(others.map(() => true));
  });

  test('is for who sees the key', async () => {
    const { family } = await makeFamily({ accountNumber: STACKADEMY });
    const [parent] = family as [Issued];
    const stranger = withKey(await keeper({ accountNumber: '3141-5926-5359' }));
    for (const query of ['', '&dryRun=true'])
      await expectProblem(await revokeAll(parent, query, stranger), 'key_does_not_exist');
    await expectProblem(await revokeAll({ id: 999_999 }), 'key_does_not_exist');
    const own = withKey(await keeper({ accountNumber: STACKADEMY }));
    expect(await jsonOf(await revokeAll(parent, '', own))).toEqual(counted(5, false));
  });

  test('leaves a row of each in the audit log', async () => {
    const { family } = await makeFamily();
    const [parent] = family as [Issued];
    const requestId = (await revokeAll(parent)).headers.get('X-Request-Id');
    const rows = await sql(stack.current, 'select 1 from audit_log where request_id = $1', requestId);
    expect(rows).toHaveLength(family.length);
  });

  test('leaves nothing that a descendant makes meanwhile', async () => {
    for (let round = 0; round < 5; round++) {
      const { family } = await makeFamily();
      const [parent] = family as [Issued];
      const makes = family.map((key) => make({ ...good, name: `Race ${parent.id}` }, withKey(key)));
      await Promise.all([...makes, revokeAll(parent)]);
      expect(
        await sql(
          stack.current,
          'select id from api_keys where name = $1 and revoked_at is null',
          `Race ${parent.id}`,
        ),
      ).toEqual([]);
    }
  });
});

test('the audit log tells who made, changed and revoked a key, and no hash', async () => {
  const maker = await keeper();
  const own = withKey(maker);
  const key = await issuedOf(await make(good, own));
  await patch(key, { name: 'Renamed' }, { ...any, ...own });
  await rotate(key, {}, own);
  await rotate(key, {}, own);
  await revoke(key, own);
  const rows = await sql<{ actor: string; action: string; changes: Record<string, unknown> }>(
    stack.current,
    `select actor, action, changes from audit_log where entity = 'api_key' and entity_id = $1 order by id`,
    key.id,
  );
  expect(rows.map(({ actor, action }) => [actor, action])).toEqual(
    ['create', 'update', 'update', 'update', 'update'].map((action) => [`key:${maker.id}`, action]),
  );
  expect(rows[0]?.changes).toMatchObject({ name: [null, 'Reader'], scopes: [null, ['directory:read']] });
  expect(rows[1]?.changes).toMatchObject({ name: ['Reader', 'Renamed'] });
  expect(Object.keys(rows[4]?.changes ?? {}).toSorted()).toEqual(['revision', 'revoked_at', 'updated_at']);
  expect(JSON.stringify(rows)).not.toMatch(/sha256|[0-9a-f]{64}/);
});

describe('the keys of an account', () => {
  const OF_DORMANT = { accountNumber: '1618-0339-8874' };
  const withRoomFor = (keys: number) => ({
    ...stack.current,
    env: { ...stack.current.env, MAX_KEYS_PER_ACCOUNT: String(keys) },
  });
  const ask = (on: TestStack, body: object = OF_DORMANT, headers = {}) =>
    create(on, '/v1/keys', { name: 'One of many', scopes: ['directory:read'], ...body }, headers);

  test('are as many as MAX_KEYS_PER_ACCOUNT says, and a revoked one makes room', async () => {
    await sql(stack.current, `delete from api_keys where account_id = 4`);
    const on = withRoomFor(3);
    const first = await issuedOf(await ask(on));
    expect([(await ask(on)).status, (await ask(on)).status]).toEqual([201, 201]);
    const refused = await expectProblem(await ask(on), 'too_many_keys');
    expect(refused.detail).toContain('at most 3 keys');
    expect((await change(on, 'DELETE', `/v1/keys/${first.id}`)).status).toBe(200);
    expect((await ask(on)).status).toBe(201);
    await expectProblem(await ask(on), 'too_many_keys');
  });

  test('that have expired take room, for a change makes them good again', async () => {
    await sql(stack.current, `delete from api_keys where account_id = 4`);
    const on = withRoomFor(1);
    await ask(on);
    await sql(
      stack.current,
      `update api_keys set expires_at = now() - interval '1 day' where account_id = 4`,
    );
    await expectProblem(await ask(on), 'too_many_keys');
  });

  test('are counted for each account, and those of none together', async () => {
    await sql(stack.current, `delete from api_keys where account_id = 4`);
    const [{ count } = { count: 0 }] = await sql<{ count: number }>(
      stack.current,
      'select count(*)::int from api_keys where account_id is null and revoked_at is null',
    );
    const on = withRoomFor(count + 1);
    expect((await ask(on, {})).status).toBe(201);
    const { detail } = await expectProblem(await ask(on, {}), 'too_many_keys');
    expect(detail).toContain(`at most ${count + 1} keys that are bound to no account`);
    expect((await ask(on)).status).toBe(201);
  });

  test('that are asked for at once are no more, and what was refused can be asked for again', async () => {
    await sql(stack.current, `delete from api_keys where account_id = 4`);
    const on = withRoomFor(4);
    const asked = Array.from({ length: 12 }, (_, n) =>
      ask(on, OF_DORMANT, { 'Idempotency-Key': `room-${n}` }),
    );
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(4);
    expect(statuses.filter((status) => status === 409)).toHaveLength(8);
    const wider = withRoomFor(12);
    const again = statuses.map((_, n) => ask(wider, OF_DORMANT, { 'Idempotency-Key': `room-${n}` }));
    expect((await Promise.all(again)).map(({ status }) => status)).toEqual(Array(12).fill(201));
    expect(await sql(stack.current, 'select id from api_keys where account_id = 4')).toHaveLength(12);
  });
});

import { describe, expect, test } from 'vitest';
import { change, create, jsonOf } from '../../support/http/changes.ts';
import { postLookUps, resultsOf } from '../../support/http/look-up-requests.ts';
import { expectProblem } from '../../support/http/problem.ts';
import { get, newIsolate, sql, useStack } from '../../support/stack.ts';

const stack = useStack();

const kinds = [
  {
    table: 'accounts',
    list: '/v1/accounts',
    fresh: () => ({ companyName: 'New' }),
    lookUp: 'accountByExternalId',
    absence: 'account_does_not_exist',
  },
  {
    table: 'users',
    list: '/v1/users',
    fresh: () => ({ username: `u-${crypto.randomUUID()}`, email: 'u@example.com' }),
    lookUp: 'userByExternalId',
    absence: 'user_does_not_exist',
  },
] as const;

/** External ids that a path holds only if it is encoded, and some that SQL or JavaScript take for something else. */
const ODD = [
  'a/b',
  '/',
  '%2F',
  '?q=1#f',
  'a b',
  '+',
  'users',
  'é🙂',
  "o'x",
  '__proto__',
  '...',
  'x'.repeat(255),
];

const patch = (path: string, body: unknown, headers = {}) =>
  change(stack.current, 'PATCH', path, body, { 'If-Match': '*', ...headers });

/** Makes a row of the kind for one test alone. */
async function makeRow({ list, fresh }: (typeof kinds)[number]) {
  const response = await create(stack.current, list, fresh());
  const { id } = await jsonOf(response);
  return { id: Number(id), path: response.headers.get('Location') ?? '' };
}

describe.each(kinds)('of $table', (kind) => {
  const { table, list, fresh, lookUp, absence } = kind;
  const byExternalId = (id: string) => `${list}/by-external-id/${encodeURIComponent(id)}`;
  const find = (id: string, on = newIsolate(stack.current), headers = {}) =>
    get(on, byExternalId(id), headers);
  const external = (id: string) => ({ externalId: id });

  test('an external id of any characters is given, looked up, passed on and taken away', async () => {
    const [one, other] = [await makeRow(kind), await makeRow(kind)];
    for (const id of ODD) expect(await passOn(id, one.path, other.path)).toMatchObject({ externalId: id });
  });

  async function passOn(id: string, path: string, other: string) {
    const reader = newIsolate(stack.current);
    await expectProblem(await find(id, reader), absence);
    const changed = await patch(path, external(id));
    const token = changed.headers.get('Consistency-Token') ?? '';
    const value = await jsonOf(changed);
    expect(value).toMatchObject({ externalId: id, metadata: {} });
    expect(await jsonOf(await find(id, reader, { 'Consistency-Token': token }))).toEqual(value);
    await expectProblem(await patch(other, external(id)), 'external_id_taken');
    await expectProblem(
      await create(stack.current, list, { ...fresh(), ...external(id) }),
      'external_id_taken',
    );
    const gone = await patch(path, { externalId: null });
    const after = gone.headers.get('Consistency-Token') ?? '';
    expect(await jsonOf(gone)).toMatchObject({ externalId: null });
    await expectProblem(await find(id, reader, { 'Consistency-Token': after }), absence);
    return jsonOf(await patch(other, external(id)));
  }

  test('an external id is exact: another case or normalization form is another id', async () => {
    const { path } = await makeRow(kind);
    await patch(path, external('Café'));
    for (const id of ['café', 'Cafe\u0301', 'Café ', 'Caf']) await expectProblem(await find(id), absence);
  });

  test('a new row has what it is given, and a repeat with the same Idempotency-Key answers it again', async () => {
    const body = { ...fresh(), externalId: 'crm:1', metadata: { plan: 'pro', région: 'eu' } };
    const headers = { 'Idempotency-Key': crypto.randomUUID() };
    const made = await jsonOf(await create(stack.current, list, body, headers));
    expect(made).toMatchObject({ externalId: 'crm:1', metadata: body.metadata });
    expect(await jsonOf(await create(stack.current, list, body, headers))).toEqual(made);
    expect(await jsonOf(await find('crm:1'))).toEqual(made);
  });

  test('a repeat of a creation from before there were external ids answers none', async () => {
    const body = fresh();
    const headers = { 'Idempotency-Key': crypto.randomUUID() };
    const made = await jsonOf(await create(stack.current, list, body, headers));
    await sql(
      stack.current,
      `update idempotency_keys set answer = case jsonb_typeof(answer)
         when 'array' then jsonb_set(answer #- '{0,isExternalIdTaken}', '{0,user}', (answer #> '{0,user}') - '{external_id,metadata}'::text[])
         else answer - '{external_id,metadata}'::text[] end`,
    );
    expect(await jsonOf(await create(stack.current, list, body, headers))).toEqual(made);
  });

  test('metadata is merged, and null takes one name or all away', async () => {
    const { path } = await makeRow(kind);
    const merge = async (metadata: unknown) => (await jsonOf(await patch(path, { metadata })))['metadata'];
    expect(await merge({ plan: 'pro', region: 'eu' })).toEqual({ plan: 'pro', region: 'eu' });
    expect(await merge({ plan: null, seats: '5' })).toEqual({ region: 'eu', seats: '5' });
    expect(await merge({ constructor: 'x', 'a b': '' })).toMatchObject({ constructor: 'x', 'a b': '' });
    expect(await merge(null)).toEqual({});
  });

  test('a change that leaves metadata as it is raises no revision', async () => {
    const { path } = await makeRow(kind);
    await patch(path, { metadata: { plan: 'pro' } });
    const again = await patch(path, { metadata: { plan: 'pro', none: null } });
    expect(await jsonOf(again)).toMatchObject({ revision: 2, metadata: { plan: 'pro' } });
  });

  test('metadata has 8 KiB at most and 50 names, in the whole row and not in each change alone', async () => {
    const { path } = await makeRow(kind);
    const names = (from: number, count: number, value: string) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`n${100 + from + n}`, value]));
    expect((await patch(path, { metadata: names(0, 50, 'é'.repeat(79)) })).status).toBe(200);
    const [row] = await sql<{ bytes: number }>(
      stack.current,
      `select sum(octet_length(key) + octet_length(value))::int as bytes from ${table}, jsonb_each_text(metadata)
       where id = (select max(id) from ${table})`,
    );
    expect(row?.bytes).toBe(8_100);
    expect((await patch(path, { metadata: { n100: 'x'.repeat(158 + 92) } })).status).toBe(200);
    for (const metadata of [
      { n101: 'x'.repeat(159) },
      { more: '' },
      names(0, 51, 'x'),
      { x: 'x'.repeat(8_192) },
    ])
      expect((await expectProblem(await patch(path, { metadata }), 'bad_request'))['errors']).toMatchObject([
        { in: 'body', name: 'metadata' },
      ]);
  });

  test('bad values are 400 with every fault, and change nothing', async () => {
    const { path } = await makeRow(kind);
    const metadata = JSON.parse('{"a":1,"":"x","__proto__":"x","nul":"\\u0000","half":"\\ud800"}') as unknown;
    for (const answer of [
      await patch(path, { externalId: '', metadata }),
      await create(stack.current, list, { ...fresh(), externalId: '', metadata }),
    ]) {
      const { errors } = await expectProblem(answer, 'bad_request');
      const faulty = ['externalId', 'metadata.', 'metadata.__proto__', 'metadata.half', 'metadata.nul'];
      expect((errors as { name: string }[]).map(({ name }) => name)).toEqual(expect.arrayContaining(faulty));
    }
    for (const id of ['.', '..', 'a\nb', 'x'.repeat(256), ' ', '\ud800', 7])
      await expectProblem(await patch(path, { externalId: id }), 'bad_request');
    for (const odd of ['x', [], ['x'], 7])
      await expectProblem(await patch(path, { metadata: odd }), 'bad_request');
    expect(await jsonOf(await get(stack.current, path))).toMatchObject({ revision: 1 });
  });

  test('a look-up of what no external id can be is 400', async () => {
    for (const id of ['a%0Ab', 'x'.repeat(256), '%00'])
      await expectProblem(await get(stack.current, `${list}/by-external-id/${id}`), 'bad_request');
  });

  test('a batch answers it as the route does', async () => {
    const { path } = await makeRow(kind);
    await patch(path, external('batch/b'));
    const [found, none] = await resultsOf(
      await postLookUps(stack.current, [
        { lookUp, externalId: 'batch/b' },
        { lookUp, externalId: 'none' },
      ]),
    );
    expect(found?.value).toEqual(await jsonOf(await find('batch/b')));
    expect(none?.problem).toMatchObject({ code: absence, detail: expect.stringContaining('externalId') });
  });

  test('Postgres itself refuses what the service would', async () => {
    const { id } = await makeRow(kind);
    const refused = (values: string) =>
      sql(stack.current, `update ${table} set ${values} where id = ${id}`).then(
        () => 'accepted',
        () => 'refused',
      );
    const all = [
      `external_id = ''`,
      `external_id = repeat('x', 256)`,
      `external_id = E'a\\nb'`,
      `metadata = '[]'`,
      `metadata = 'null'`,
      `metadata = null`,
      `metadata = '{"a": 1}'`,
      `metadata = '{"a": null}'`,
      `metadata = '{"a": {}}'`,
      `metadata = '{"__proto__": "x"}'`,
      `metadata = jsonb_build_object('x', repeat('é', 4096))`,
      `metadata = (select jsonb_object_agg(n, '') from generate_series(1, 51) as n)`,
    ];
    for (const values of all) expect([values, await refused(values)]).toEqual([values, 'refused']);
    expect(await refused(`metadata = jsonb_build_object('xx', repeat('é', 4095))`)).toBe('accepted');
    expect(await refused(`external_id = repeat('é', 255)`)).toBe('accepted');
  });
});

test('an account and a user may have the same external id', async () => {
  for (const kind of kinds) {
    const { path } = await makeRow(kind);
    expect((await patch(path, { externalId: 'both' })).status).toBe(200);
  }
});

test('of new users with one external id the first is created, and each of the others hears why not', async () => {
  await patch('/v1/users/3', { externalId: 'old' });
  const user = (username: string, externalId: string | null) => ({
    username,
    email: 'x@example.com',
    externalId,
  });
  const users = [
    user('one', 'new'),
    user('two', 'new'),
    user('three', 'old'),
    user('four', null),
    user('admin', 'x'),
    user('admin', 'old'),
    user('Admin', 'old'),
    user('one', 'new'),
  ];
  const { items } = (await jsonOf(await create(stack.current, '/v1/users/batch', { users }))) as {
    items: { status: number; user?: object; problem?: { code: string } }[];
  };
  const taken = { status: 409, problem: { code: 'external_id_taken' } };
  const nameTaken = { status: 409, problem: { code: 'username_taken' } };
  expect(items).toMatchObject([
    { status: 201, user: { username: 'one', externalId: 'new' } },
    taken,
    taken,
    { status: 201, user: { username: 'four', externalId: null } },
    nameTaken,
    nameTaken,
    nameTaken,
    nameTaken,
  ]);
});

test.each(['admin', 'Admin'])(
  'a new user whose name and external id are both taken hears of the name, alone as in a batch (%s)',
  async (username) => {
    await patch('/v1/users/3', { externalId: 'old' });
    const newUser = { username, email: 'x@example.com', externalId: 'old' };
    await expectProblem(await create(stack.current, '/v1/users', newUser), 'username_taken');
    await expectProblem(
      await create(stack.current, '/v1/users', { ...newUser, username: 'free' }),
      'external_id_taken',
    );
    await expectProblem(await patch('/v1/users/4', { username, externalId: 'old' }), 'username_taken');
  },
);

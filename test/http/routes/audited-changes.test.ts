import { expect, test } from 'vitest';
import { sql, useStack } from '../../support/stack.ts';
import { change, create, jsonOf } from '../../support/http/changes.ts';
import { expectProblem } from '../../support/http/problem.ts';

interface AuditRow {
  readonly actor: string;
  readonly entity: string;
  readonly entity_id: string;
  readonly action: string;
  readonly changes: Readonly<Record<string, [unknown, unknown]>>;
}

const stack = useStack();
const any = { 'If-Match': '*' };

/** What the request left in the audit log, told by its id. */
function rowsOf(response: Response): Promise<AuditRow[]> {
  return sql<AuditRow>(
    stack.current,
    `select actor, entity, entity_id, action, changes from audit_log where request_id = $1 order by entity, id`,
    response.headers.get('X-Request-Id'),
  );
}

const countRows = async () => (await sql(stack.current, 'select 1 from audit_log')).length;

async function makeMember(username: string): Promise<Response> {
  const user = { username, email: 'audited@example.com', accountNumber: '2718-2818-2845' };
  return create(stack.current, '/v1/users', user);
}

test('a user and its profile leave a row each, as made by the key and the request', async () => {
  const response = await makeMember('audited');
  const { id } = await jsonOf(response.clone());
  const [user, profile, ...more] = await rowsOf(response);
  expect(more).toEqual([]);
  expect(user).toMatchObject({ actor: 'root', entity: 'user', entity_id: String(id), action: 'create' });
  expect(user?.changes).toMatchObject({ username: [null, 'audited'], is_staff: [null, false] });
  expect(profile).toMatchObject({ actor: 'root', entity: 'user_profile', action: 'create' });
  expect(profile?.changes).toMatchObject({ user_id: [null, id], account_id: [null, 3] });
});

test('a change leaves what it changed, before and after', async () => {
  const { id } = await jsonOf(await makeMember('changed'));
  const changes = { firstName: 'New', isStaff: true, email: 'audited@example.com' };
  const response = await change(stack.current, 'PATCH', `/v1/users/${String(id)}`, changes, any);
  expect(await rowsOf(response)).toEqual([
    {
      actor: 'root',
      entity: 'user',
      entity_id: String(id),
      action: 'update',
      changes: { first_name: ['', 'New'], is_staff: [false, true], revision: [1, 2] },
    },
  ]);
});

test('a deletion leaves what it took along', async () => {
  const { id } = await jsonOf(await makeMember('deleted'));
  const response = await change(stack.current, 'DELETE', `/v1/users/${String(id)}`, undefined, any);
  const [user, profile, ...more] = await rowsOf(response);
  expect(more).toEqual([]);
  expect(user).toMatchObject({ entity: 'user', entity_id: String(id), action: 'delete' });
  expect(user?.changes).toMatchObject({ username: ['deleted', null] });
  expect(profile).toMatchObject({ actor: 'root', entity: 'user_profile', action: 'delete' });
  expect(profile?.changes).toMatchObject({ user_id: [id, null] });
});

test('a profile leaves a row when it is made, changed and deleted', async () => {
  const body = { userId: 5, accountNumber: '2718-2818-2845' };
  const made = await create(stack.current, '/v1/user-profiles', body);
  const { id } = await jsonOf(made.clone());
  const path = `/v1/user-profiles/${String(id)}`;
  const changed = await change(stack.current, 'PATCH', path, { name: 'New' }, any);
  const deleted = await change(stack.current, 'DELETE', path, undefined, any);
  const row = { actor: 'root', entity: 'user_profile', entity_id: String(id) };
  expect(await rowsOf(made)).toMatchObject([{ ...row, action: 'create' }]);
  expect(await rowsOf(changed)).toMatchObject([
    { ...row, action: 'update', changes: { name: ['', 'New'], revision: [1, 2] } },
  ]);
  expect(await rowsOf(deleted)).toMatchObject([
    { ...row, action: 'delete', changes: { name: ['New', null] } },
  ]);
});

test('a batch leaves a row for each user that was made', async () => {
  const users = ['batch-a', 'johndoe', 'batch-b'].map((username) => ({ username, email: 'a@b.example' }));
  const response = await create(stack.current, '/v1/users/batch', { users });
  const names = (await rowsOf(response)).map(({ changes }) => changes['username']);
  expect(names).toEqual([
    [null, 'batch-a'],
    [null, 'batch-b'],
  ]);
});

test('what is refused, only asked about, or answered again leaves nothing', async () => {
  const headers = { 'Idempotency-Key': 'audited' };
  const body = { username: 'audited-once', email: 'a@b.example' };
  await create(stack.current, '/v1/users', body, headers);
  const before = await countRows();
  expect((await create(stack.current, '/v1/users', body, headers)).status).toBe(201);
  await change(stack.current, 'DELETE', '/v1/users/3?dryRun=true');
  const stale = { 'If-Match': '"other"' };
  const refused = await change(stack.current, 'PATCH', '/v1/users/3', { firstName: 'x' }, stale);
  await expectProblem(refused, 'precondition_failed');
  await expectProblem(
    await change(stack.current, 'DELETE', '/v1/users/1', undefined, any),
    'last_admin_is_protected',
  );
  expect(await countRows()).toBe(before);
});

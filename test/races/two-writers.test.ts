import { beforeEach, describe, expect, test } from 'vitest';
import { scripts } from '../../src/cache/shared/scripts/scripts.ts';
import { absent, found, see } from '../support/seen.ts';
import { drainNow, get, newIsolate, sql, type TestStack, useStack } from '../support/stack.ts';
import { holdNext } from './held-requests.ts';

const stack = useStack();
const NUMBER = '2718-2818-2845';
const ADMIN = `/v1/accounts/${NUMBER}/admin-user`;
const NO_ADMIN = absent('admin_user_does_not_exist');
const NEW_ADMIN = found({ username: `${NUMBER}-admin` });

const create = (on = newIsolate(stack.current)) => get(on, ADMIN, {}, 'PUT');
const withToken = ({ headers }: Response) => ({
  'Consistency-Token': headers.get('Consistency-Token') ?? '',
});

/** An isolate that holds the old answer in memory, as Redis does. */
let reader: TestStack;

describe('two requests create one admin user', () => {
  beforeEach(async () => {
    await sql(
      stack.current,
      'delete from users where id in (select user_id from user_profiles where account_id = 3)',
    );
    await drainNow(stack.current);
    reader = newIsolate(stack.current);
    expect(await see(reader, ADMIN)).toEqual(NO_ADMIN);
  });

  test('the second sees what the first has not yet heard of, and its token makes others see it', async () => {
    const held = holdNext(stack.current, /insert into users/, 'answered');
    const first = create();
    await held.reached;
    const second = await create();
    expect(second.status).toBe(200);
    expect(await see(newIsolate(stack.current), ADMIN)).toEqual(NEW_ADMIN);
    expect(await see(reader, ADMIN, withToken(second))).toEqual(NEW_ADMIN);
    held.letGo();
    expect((await first).status).toBe(201);
    expect(await see(newIsolate(stack.current), ADMIN, withToken(await first))).toEqual(NEW_ADMIN);
    expect(await sql(stack.current, 'select id from user_profiles where account_id = 3')).toHaveLength(1);
  });

  test('the first has committed and hangs before its invalidation: the second tells for both', async () => {
    const held = holdNext(stack.current, scripts.invalidate, 'unsent');
    const first = create();
    await held.reached;
    expect(await see(newIsolate(stack.current), ADMIN)).toEqual(NO_ADMIN);
    const second = await create();
    expect(await see(newIsolate(stack.current), ADMIN)).toEqual(NEW_ADMIN);
    expect(await see(reader, ADMIN, withToken(second))).toEqual(NEW_ADMIN);
    held.letGo();
    await first;
  });

  test('the only writer hangs before its invalidation: the next drain tells for it', async () => {
    const held = holdNext(stack.current, scripts.invalidate, 'unsent');
    const writer = create();
    await held.reached;
    await drainNow(stack.current);
    expect(await see(newIsolate(stack.current), ADMIN)).toEqual(NEW_ADMIN);
    held.letGo();
    expect(await see(reader, ADMIN, withToken(await writer))).toEqual(NEW_ADMIN);
  });
});

describe('two writers of one row', () => {
  const write = (name: string) => sql(stack.current, `update users set first_name = '${name}' where id = 3`);
  const user = (on = newIsolate(stack.current)) => see(on, '/v1/users/3');

  test('a reader between them leaves nothing of the first behind', async () => {
    await write('first');
    await drainNow(stack.current);
    const held = holdNext(stack.current, scripts.fill, 'unsent');
    const between = user();
    await held.reached;
    await write('second');
    await drainNow(stack.current);
    held.letGo();
    expect(await between).toEqual(found({ firstName: 'first' }));
    expect(await user()).toEqual(found({ firstName: 'second' }));
  });

  test('the invalidation of the first may come after that of the second', async () => {
    await write('third');
    const held = holdNext(stack.current, scripts.invalidate, 'unsent');
    const late = drainNow(newIsolate(stack.current));
    await held.reached;
    await write('fourth');
    await drainNow(stack.current);
    expect(await user()).toEqual(found({ firstName: 'fourth' }));
    held.letGo();
    await late;
    expect(await user()).toEqual(found({ firstName: 'fourth' }));
  });

  test('a drain of the first that ends after the write of the second does not take the second for told', async () => {
    expect(await user()).toEqual(found({ firstName: 'fourth' }));
    await write('fifth');
    const held = holdNext(stack.current, scripts.invalidate, 'answered');
    const early = drainNow(newIsolate(stack.current));
    await held.reached;
    expect(await user()).toEqual(found({ firstName: 'fifth' }));
    await write('sixth');
    held.letGo();
    await early;
    await drainNow(stack.current);
    expect(await user()).toEqual(found({ firstName: 'sixth' }));
  });
});

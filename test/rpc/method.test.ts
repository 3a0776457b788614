import { createExecutionContext } from 'cloudflare:test';
import { expect, test } from 'vitest';
import * as userWrites from '../../src/rpc/user-writes.ts';
import * as writes from '../../src/rpc/account-writes.ts';
import { sql, useStack } from '../support/stack.ts';

const stack = useStack();
const BOUND = '1234-5678-9012';
const scopes = ['directory:read', 'directory:write'];

function contextOf(props: object) {
  return Object.assign(createExecutionContext(), { props });
}

test('no name of a binding passes for another binding', async () => {
  const callers = [
    { name: 'tenant', accountNumber: BOUND },
    { name: `tenant@${BOUND}` },
    { name: `tenant%40${BOUND}` },
    { name: 'tenant' },
  ];
  const users = await Promise.all(
    callers.map(async (caller, at) => {
      const user = { username: `of-caller-${at}`, email: 'a@b.example', accountNumber: BOUND };
      const context = contextOf({ ...caller, scopes });
      const made = await userWrites.createUser(stack.current.env, context, { user, options: {} }, undefined);
      return made.value.id;
    }),
  );
  const actors = await sql<{ actor: string }>(
    stack.current,
    `select distinct actor from audit_log where entity = 'user' and entity_id = any ($1)`,
    users,
  );
  expect(actors).toHaveLength(callers.length);
});

test('a message repeats no more of an argument than is needed to find it', async () => {
  const account = { companyName: 'x', ['y'.repeat(500_000)]: 1 };
  const call = writes.createAccount(
    stack.current.env,
    contextOf({ scopes }),
    { account, options: {} },
    undefined,
  );
  const error: unknown = await call.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'bad_request', message: expect.stringMatching(/^account\.y{60,90}…/) });
  expect(String(error).length).toBeLessThan(200);
});

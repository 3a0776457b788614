import { Hono } from 'hono/tiny';
import * as z from 'zod';
import {
  createUsers,
  NewUsers,
  subjectOfNewUsers,
  type UserOutcome,
} from '../../directory/users/creation.ts';
import { FieldError } from '../../directory/errors.ts';
import { User } from '../../directory/users/users.ts';
import { answerBatch } from '../response/answer-write.ts';
import type { AppEnv } from '../app-env.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import { limitMany } from '../auth/rate-limit.ts';
import { badRequest, describeProblem, type Fault, ItemProblem, Problem } from '../response/problem.ts';

const Item = z
  .discriminatedUnion('status', [
    z.object({ status: z.literal(201), user: User }),
    z.object({ status: z.literal([404, 409]), problem: ItemProblem }),
    z.object({ status: z.literal(400), problem: Problem.omit({ requestId: true, candidates: true }) }),
  ])
  .meta({ id: 'UserBatchItem' });
type Item = z.infer<typeof Item>;

const postUsersRoute = endpoint({
  operationId: 'createUsers',
  tag: 'Users',
  summary: 'Create many users',
  description:
    'All users are created in one transaction, each together with its user profile or not at all. `items` has the outcome of each, in order. Of users with the same username the first is created. A malformed row fails alone. A caller that is bound to an account can create only members of it. Every ten users count as one request.',
  scope: 'directory:write',
  subject: ({ json }) => subjectOfNewUsers(json.users),
  json: z.strictObject({ users: NewUsers }).meta({ id: 'UserBatch' }),
  body: z.object({ items: z.array(Item) }).meta({ id: 'UserBatchAnswer' }),
  idempotent: true,
  writes: true,
  errors: ['account_does_not_exist', 'external_id_taken'],
});

export const userBatch = new Hono<AppEnv>().post('/v1/users/batch', postUsersRoute, async (c) => {
  const { deps, caller, idempotency } = c.var;
  const { users } = c.req.valid('json');
  await limitMany(c, caller, users.length);
  const created = await createUsers(deps, c.var, users, idempotency);
  return answerBatch(c, { ...created, value: { items: created.value.map(toItem) } });
});

function toItem(outcome: UserOutcome, row: number): Item {
  if (!(outcome instanceof Error)) return { status: 201, user: outcome };
  if (outcome instanceof FieldError) {
    const { code, message, errors } = badRequest(faultsOfRow(outcome, row));
    return { status: 400, problem: { ...describeProblem(code, message), errors: [...errors] } };
  }
  const problem = describeProblem(outcome.code, outcome.message);
  return { status: problem.status === 404 ? 404 : 409, problem };
}

function faultsOfRow({ faults }: FieldError, row: number): Fault[] {
  return faults.map(({ name, detail }) => ({
    in: 'body',
    name: ['users', row, ...(name === '' ? [] : [name])].join('.'),
    detail,
  }));
}

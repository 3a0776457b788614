import { formatApiKey, formatSecret } from '../../../src/directory/keys/api-key.ts';
import { type Scope, SCOPES } from '../../../src/directory/caller.ts';
import { sha256Of } from '../../../src/lib/hash.ts';
import { sql, type TestStack } from '../stack.ts';

/** What a request can be about, by the name of the parameter or of the field that says it. */
export type SubjectName =
  | 'accountNumber'
  | 'deletionId'
  | 'externalId'
  | 'keyId'
  | 'url'
  | 'user'
  | 'userId'
  | 'userProfileId'
  | 'username';
export type Subjects = Readonly<Record<SubjectName, string>>;

/** An account with two users, the first of them no administrator, and a key. */
export interface Tenant {
  readonly subjects: Subjects;
  /** What no other tenant may ever read. */
  readonly marks: readonly string[];
}

/** Two tenants, and what a third one would have that is not there. All their values are equally long. */
export interface Tenants {
  readonly a: Tenant;
  readonly b: Tenant;
  readonly absent: Subjects;
}

let made = 0;

/** Makes tenants of their own for a test. */
export async function makeTenants(stack: TestStack): Promise<Tenants> {
  made += 1;
  const [a, b] = [tenantOf(made, 1), tenantOf(made, 2)];
  for (const { subjects } of [a, b]) await insertTenant(stack, subjects);
  return { a, b, absent: subjectsOf(made, 9) };
}

/** A key that is bound to the tenant, used just now, so that no answer differs by its use; it may do everything unless the scopes say so. */
export async function issueTo(
  stack: TestStack,
  { subjects }: Tenant,
  scopes: readonly Scope[] = SCOPES,
): Promise<string> {
  const secret = formatSecret(crypto.getRandomValues(new Uint8Array(32)));
  const [row] = await sql<{ id: string }>(
    stack,
    `with made as (
       insert into api_keys (name, scopes, account_id, sha256)
       select 'Of a tenant', $2, id, $3 from accounts where account_number = $1 returning id
     )
     insert into api_key_uses (key_id) select id from made returning key_id as id`,
    subjects.accountNumber,
    scopes,
    await sha256Of(secret),
  );
  return formatApiKey({ environment: 'local', id: Number(row?.id), secret });
}

/** Everything of the tenant in Postgres, but for the use of its keys. */
export async function readRows(stack: TestStack, { subjects }: Tenant): Promise<unknown> {
  return sql(
    stack,
    `select to_jsonb(a) as account,
       (select jsonb_agg(u order by u.id) from users as u join user_profiles as p on p.user_id = u.id where p.account_id = a.id) as users,
       (select jsonb_agg(p order by p.id) from user_profiles as p where p.account_id = a.id) as profiles,
       (select jsonb_agg(k order by k.id) from api_keys as k where k.account_id = a.id) as keys
     from accounts as a where a.account_number = $1`,
    subjects.accountNumber,
  );
}

function subjectsOf(n: number, digit: number): Subjects {
  const id = (table: number) => `${table}00${String(n).padStart(3, '0')}0${digit}`;
  const accountNumber = `9000-${String(n).padStart(4, '0')}-000${digit}`;
  const username = `member_${n}_of_${digit}`;
  return {
    accountNumber,
    userId: id(71),
    userProfileId: id(72),
    keyId: id(73),
    deletionId: id(74),
    externalId: `of/${n}?%${digit}`,
    username,
    user: username,
    url: `https://hr.${accountNumber}.api.localhost/`,
  };
}

function tenantOf(n: number, digit: number): Tenant {
  const subjects = subjectsOf(n, digit);
  return {
    subjects,
    marks: [
      ...Object.values(subjects),
      companyOf(subjects),
      `chief-${subjects.username}`,
      `past-${subjects.username}`,
    ],
  };
}

function companyOf({ accountNumber }: Subjects): string {
  return `Company of ${accountNumber}`;
}

async function insertTenant(stack: TestStack, subjects: Subjects): Promise<void> {
  const { accountNumber, deletionId, externalId, userId, userProfileId, keyId, username } = subjects;
  const chiefId = Number(userId) + 50;
  const [pastId, pastProfileId] = [Number(userId) + 60, Number(userProfileId) + 60];
  await sql(
    stack,
    `with account as (
       insert into accounts (account_number, company_name, external_id)
       values ('${accountNumber}', '${companyOf(subjects)}', '${externalId}') returning id
     ), members as (
       insert into users (id, username, email, is_staff, external_id) values
         (${userId}, '${username}', '${username}@example.com', false, '${externalId}'),
         (${chiefId}, 'chief-${username}', 'chief@example.com', true, null)
     ), keys as (
       insert into api_keys (id, name, scopes, account_id, sha256)
       select ${keyId}, 'Of ${accountNumber}', '{directory:read}', id, repeat('0', 64) from account
     )
     insert into user_profiles (id, user_id, account_id)
     select member.profile_id, member.user_id, account.id
     from account, (values (${userProfileId}, ${userId}), (${Number(userProfileId) + 50}, ${chiefId})) as member (profile_id, user_id)`,
  );
  // One that left, and can be brought back.
  await sql(
    stack,
    `with left_by as (
       insert into deletions (id, xact_id, actor, request_id, entity, entity_id, username)
       values (${deletionId}, '${deletionId}', 'root', '', 'user', ${pastId}, 'past-${username}')
     ), went as (
       select ${pastId} as id, 'past-${username}' as username, 'past@example.com' as email, 1 as revision,
         now() as date_joined, 'past-${username}' as username_compared
     )
     insert into deletion_rows (deletion_id, entity, id, account_number, username, user_id, row)
     select ${deletionId}, 'user', id, null, username, id, to_jsonb(went) from went
     union all
     select ${deletionId}, 'user_profile', ${pastProfileId}, account_number, null, ${pastId},
       jsonb_build_object('id', ${pastProfileId}, 'user_id', ${pastId}, 'account_id', id)
     from accounts where account_number = '${accountNumber}'`,
  );
}

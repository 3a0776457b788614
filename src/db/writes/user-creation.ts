import { sql, type SQL } from 'drizzle-orm';
import { readRow } from '../client/results.ts';
import type { Db } from '../client/client.ts';
import { flag, json, list, nullable, whole } from '../client/decoders.ts';
import { claimIdempotencyKey, forgetUnanswered, type IdempotencyClaim } from './idempotency.ts';
import type { UserRow } from '../schema/tables.ts';
import { fromUserSnapshot } from '../reads/snapshot.ts';
import { GarbledAnswer } from '../client/errors.ts';
import { type Authorship, type CreateOutcome, type Values, writeBatch } from './write-batch.ts';

export interface NewUserRow extends Values<
  Omit<UserRow, 'id' | 'dateJoined' | 'revision' | 'usernameCompared'>
> {
  readonly username: string;
  readonly email: string;
  /** Number of the account that the user becomes a member of. */
  readonly accountNumber?: string | undefined;
  /** Index of the row in the request; undefined: its index among these rows. */
  readonly position?: number | undefined;
}

/** The outcome for one of the users. */
export interface CreatedUserRow {
  /** Index of the row in the request; null: the answer was stored before answers had it. */
  readonly position: number | null;
  /** Null: the account is unknown or, if it is known, the username or the external id was taken. */
  readonly user: UserRow | null;
  readonly isAccountKnown: boolean;
  /** The username was free; a user had the external id, or an earlier user of the batch got it. */
  readonly isExternalIdTaken: boolean;
  /** The user was erased after the answer was stored. */
  readonly isErased: boolean;
}

/**
 * Creates each user whose account, if it names one, is known, and whose username and external id are free, with its profile in the account.
 * Stores the answer for the claim; with `forgetsRefusals`, only if at least one user was created.
 */
export async function createUserRows(
  db: Db,
  author: Authorship,
  newUsers: readonly NewUserRow[],
  claim: IdempotencyClaim | null,
  forgetsRefusals: boolean,
): Promise<CreateOutcome<CreatedUserRow[]>> {
  const { created, tags } = await writeBatch(db, author, {
    ...(claim && claimIdempotencyKey(db, claim)),
    created: db.execute(insertAll(newUsers, keepAnswer(claim, forgetsRefusals))),
    ...(claim && { unanswered: forgetUnanswered(db, claim) }),
  });
  return { value: answerOf(created, newUsers), tags };
}

// The statement locks the accounts, so that none is deleted before its profile is there. It inserts rows in the order of their
// compared usernames, so that two batches with the same names wait for each other and do not deadlock.
function insertAll(newUsers: readonly NewUserRow[], kept: SQL): SQL {
  return sql`
    with asked as materialized (
      select * from rows from (
        jsonb_to_recordset(${JSON.stringify(newUsers.map(toRecord))}::jsonb) as (
          username text, email text, first_name text, last_name text, is_active boolean, is_staff boolean,
          is_superuser boolean, last_login timestamptz, external_id text, metadata jsonb, account_number text, position integer
        )
      ) with ordinality as asked (
        username, email, first_name, last_name, is_active, is_staff, is_superuser, last_login, external_id, metadata,
        account_number, position, n
      )
    ), found as materialized (
      select id, account_number from accounts where account_number in (select account_number from asked)
      order by id for key share
    ), possible as materialized (
      select distinct on (compared) asked.*, found.id as account_id, compared
      from asked
      left join found using (account_number)
      cross join lateral (select comparable_username(asked.username) collate "C" as compared) as name
      where (asked.account_number is null or found.id is not null)
        and not exists (select from users as u where u.username = asked.username)
        and not exists (select from users as u where u.username_compared = compared)
        and not exists (select from users as u where u.external_id = asked.external_id)
      order by compared, asked.n
    ), first_of_external_id as (
      select distinct on (coalesce('x' || external_id, n::text)) n from possible
      order by coalesce('x' || external_id, n::text), n
    ), new_users as (
      insert into users (
        username, email, first_name, last_name, is_active, is_staff, is_superuser, last_login, external_id, metadata
      )
      select
        username, email, first_name, last_name, is_active, is_staff, is_superuser, last_login, external_id, metadata
      from possible where n in (select n from first_of_external_id) order by compared
      on conflict (username_compared) do nothing
      returning *
    ), new_profiles as (
      insert into user_profiles (user_id, account_id)
      select new_users.id, possible.account_id from new_users join possible using (username)
      where possible.account_id is not null
    ), outcome as (${OUTCOME}
    )${kept}
    select answer from outcome`;
}

/** The outcome of each row that was asked for, of the statement's other parts. */
const OUTCOME = sql`
      select
        coalesce(jsonb_agg(jsonb_build_object(
          'position', asked.position,
          'user', to_jsonb(new_users),
          'isAccountKnown', asked.account_number is null or found.id is not null,
          'isExternalIdTaken', asked.external_id is not null and (
            exists (select from users as u where u.external_id = asked.external_id) or exists (
              select from new_users as u where u.external_id = asked.external_id and u.username <> asked.username
            )
          ) and not exists (select from users as u where u.username = asked.username)
            and not exists (select from users as u where u.username_compared = name.compared)
            and not exists (select from new_users as u where u.username_compared = name.compared)
        ) order by asked.n), '[]') as answer,
        count(new_users.id) > 0 as is_any_made
      from asked
      cross join lateral (select comparable_username(asked.username) collate "C" as compared) as name
      left join found using (account_number)
      left join possible on possible.n = asked.n
      left join new_users on new_users.username = possible.username`;

function keepAnswer(claim: IdempotencyClaim | null, forgetsRefusals: boolean): SQL {
  if (!claim) return sql``;
  return sql`, kept as (
    update idempotency_keys set answer = outcome.answer from outcome
    where caller = ${claim.caller} and key = ${claim.key} and (is_any_made or not ${forgetsRefusals}::boolean)
  )`;
}

function toRecord(user: NewUserRow, at: number): Readonly<Record<string, unknown>> {
  return {
    username: user.username,
    email: user.email,
    first_name: user.firstName ?? '',
    last_name: user.lastName ?? '',
    is_active: user.isActive ?? true,
    is_staff: user.isStaff ?? false,
    is_superuser: user.isSuperuser ?? false,
    last_login: user.lastLogin ?? null,
    external_id: user.externalId ?? null,
    metadata: user.metadata ?? {},
    account_number: user.accountNumber ?? null,
    position: user.position ?? at,
  };
}

function answerOf(result: unknown, asked: readonly NewUserRow[]): CreatedUserRow[] {
  const inserted = readCreatedUserRows(readRow(result, { answer: json }).answer);
  const isAboutAsked =
    inserted.length === asked.length &&
    inserted.every(({ position }, at) => position === (asked[at]?.position ?? at));
  if (!isAboutAsked) throw new GarbledAnswer('the answer is about other users');
  return inserted;
}

/** Reads the outcome for each user from the answer that was stored for a claim. */
export const readCreatedUserRows = list((row): CreatedUserRow => {
  const { position, user, isAccountKnown, isExternalIdTaken, isErased } = row;
  return {
    position: nullable(whole)(position ?? null),
    user: nullable(toUserRow)(user),
    isAccountKnown: flag(isAccountKnown),
    // Answers that were stored before there were external ids lack it.
    isExternalIdTaken: flag(isExternalIdTaken ?? false),
    isErased: flag(isErased ?? false),
  };
});

function toUserRow(snapshot: unknown): UserRow {
  return fromUserSnapshot(snapshot);
}

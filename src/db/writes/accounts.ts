import { and, eq, ne, not, sql, type SQL } from 'drizzle-orm';
import type { Db } from '../client/client.ts';
import { flag, whole } from '../client/decoders.ts';
import { claimIdempotencyKey, type IdempotencyClaim, keepAnswer } from './idempotency.ts';
import { isOutOfReach, type OutOfReach } from './protected-users.ts';
import { type AccountRow, accounts } from '../schema/tables.ts';
import {
  type Authorship,
  type Changes,
  type CreateOutcome,
  isInState,
  type MetadataPatch,
  type RowState,
  toSet,
  type Values,
  writeBatch,
  type WriteOutcome,
} from './write-batch.ts';

export type AccountRowChanges = Changes<Omit<AccountRow, 'metadata'>> & {
  readonly metadata?: MetadataPatch | null | undefined;
};
export type NewAccountRow = Values<AccountRow> & Pick<AccountRow, 'accountNumber' | 'companyName'>;

/** Conditions that a deletion depends on. */
export interface AccountConditions {
  /** States of the account that the writer has seen; null: any state. */
  readonly states: readonly RowState[] | null;
  /** Number of the platform account, which is never deleted. */
  readonly keptNumber: string;
  /** Users whose memberships the writer may not end. */
  readonly outOfReach: OutOfReach;
}

/** The outcome of a deletion, each obstacle that the batch found before it, and the rows that go with the account. */
export interface AccountDeletion extends WriteOutcome<AccountRow> {
  /** The account is in a state that the writer has seen. */
  readonly isSeen: boolean;
  /** One of the members is out of the writer's reach. */
  readonly isOutOfReach: boolean;
  readonly userProfiles: number;
  readonly keys: number;
}

/** Creates the account, and stores it as the answer to the claim. */
export async function createAccountRow(
  db: Db,
  author: Authorship,
  account: NewAccountRow,
  claim: IdempotencyClaim | null,
): Promise<CreateOutcome<AccountRow>> {
  const snapshot = sql`select to_jsonb(accounts) from accounts where account_number = ${account.accountNumber}`;
  const { created, tags } = await writeBatch(db, author, {
    ...(claim && claimIdempotencyKey(db, claim)),
    created: db.insert(accounts).values(account).returning(),
    ...(claim && { kept: keepAnswer(db, claim, snapshot) }),
  });
  const [value] = created;
  if (!value) throw new Error('an insert returned no row');
  return { value, tags };
}

/** Changes the account if it is in one of the states. With `isDefaultAccount` it replaces the present default account. */
export async function changeAccountRow(
  db: Db,
  author: Authorship,
  accountNumber: string,
  changes: AccountRowChanges,
  states: readonly RowState[] | null,
): Promise<WriteOutcome<AccountRow>> {
  const isAsked = eq(accounts.accountNumber, accountNumber);
  const isMeant = and(isAsked, isInState(stateColumns, states));
  const { changed, current, tags } = await writeBatch(db, author, {
    ...(changes.isDefaultAccount && makeRoomForDefault(db, isAsked, isMeant)),
    changed: db.update(accounts).set(toSet(accounts, changes)).where(isMeant).returning({ id: accounts.id }),
    current: db.select().from(accounts).where(isAsked),
  });
  return { isDone: changed.length > 0, current: current[0] ?? null, tags };
}

/** Makes the account the default account, in place of the present one; changes nothing when it is the default already. */
export async function switchDefaultAccountRow(
  db: Db,
  author: Authorship,
  accountNumber: string,
): Promise<WriteOutcome<AccountRow>> {
  const isAsked = eq(accounts.accountNumber, accountNumber);
  const { changed, current, tags } = await writeBatch(db, author, {
    ...makeRoomForDefault(db, isAsked, isAsked),
    changed: db
      .update(accounts)
      .set({ isDefaultAccount: true })
      .where(and(isAsked, not(sql`${accounts.isDefaultAccount}`)))
      .returning({ id: accounts.id }),
    current: db.select().from(accounts).where(isAsked),
  });
  return { isDone: changed.length > 0, current: current[0] ?? null, tags };
}

/** Names the advisory lock of the switch of the default account. The migrations' lock has the number before it. */
const SWITCH_LOCK = 7_265_201_002;

// Switches take turns, and the new default account stays as it is meanwhile; otherwise none might be the default at the end.
function makeRoomForDefault(db: Db, isAsked: SQL, isMeant: SQL | undefined) {
  const meant = db.select({ id: accounts.id }).from(accounts).where(isMeant);
  return {
    turn: db.execute(sql`select pg_advisory_xact_lock(${SWITCH_LOCK})`),
    account: db.select({ id: accounts.id }).from(accounts).where(isAsked).for('no key update'),
    replaced: db
      .update(accounts)
      .set({ isDefaultAccount: false })
      .where(and(sql`${accounts.isDefaultAccount}`, not(isAsked), sql`exists (${meant})`)),
  };
}

/** The outcome that deleting the account would have; deletes nothing. */
export async function selectAccountDeletion(
  db: Db,
  accountNumber: string,
  conditions: AccountConditions,
): Promise<AccountDeletion> {
  const [row] = await selectCascade(db, accountNumber, conditions);
  return { ...toDeletion(row), isDone: false, tags: [] };
}

/** Deletes the account with its profiles and keys, unless one of the conditions forbids it or it is the default account. */
export async function deleteAccountRow(
  db: Db,
  author: Authorship,
  accountNumber: string,
  conditions: AccountConditions,
): Promise<AccountDeletion> {
  const isAsked = eq(accounts.accountNumber, accountNumber);
  const { cascade, deleted, tags } = await writeBatch(db, author, {
    // The lock is a statement of its own: the next statement sees members who were added while this one waited.
    account: db.select({ id: accounts.id }).from(accounts).where(isAsked).for('update'),
    cascade: selectCascade(db, accountNumber, conditions),
    deleted: db
      .delete(accounts)
      .where(
        and(
          isAsked,
          isInState(stateColumns, conditions.states),
          not(hasMemberOutOfReach(conditions)),
          not(sql`${accounts.isDefaultAccount}`),
          ne(accounts.accountNumber, conditions.keptNumber),
          not(hasMoreMembers(MAX_DELETED_MEMBERS)),
          not(hasMoreKeys(MAX_DELETED_KEYS)),
        ),
      )
      .returning({ id: accounts.id }),
  });
  return { ...toDeletion(cascade[0]), isDone: deleted.length > 0, tags };
}

/** Greatest number of profiles that Postgres deletes with an account within the deadline; each adds an entry to the audit log. */
export const MAX_DELETED_MEMBERS = 10_000;

function hasMoreMembers(limit: number): SQL {
  return sql`exists (select from user_profiles as p where p.account_id = accounts.id offset ${limit}::int)`;
}

/** Greatest number of keys, including revoked ones, that Postgres also deletes with it within the deadline. */
export const MAX_DELETED_KEYS = 10_000;

function hasMoreKeys(limit: number): SQL {
  return sql`exists (select from api_keys as k where k.account_id = accounts.id offset ${limit}::int)`;
}

function hasMemberOutOfReach({ outOfReach }: AccountConditions): SQL {
  if (!outOfReach) return sql`false`;
  return sql`exists (
    select from user_profiles as p join users on users.id = p.user_id
    where p.account_id = accounts.id and ${isOutOfReach(outOfReach)})`;
}

const stateColumns = { id: accounts.id, revision: accounts.revision, since: accounts.createdAt };

function selectCascade(db: Db, accountNumber: string, conditions: AccountConditions) {
  return db
    .select({
      account: accounts,
      isSeen: sql`${isInState(stateColumns, conditions.states) ?? sql`true`}`.mapWith(flag),
      isOutOfReach: sql`${hasMemberOutOfReach(conditions)}`.mapWith(flag),
      // Drizzle would write its column without the table's name here, and Postgres would take it for one of the inner table.
      userProfiles: sql`(select count(*) from user_profiles as p where p.account_id = accounts.id)`.mapWith(
        whole,
      ),
      keys: sql`(select count(*) from api_keys as k where k.account_id = accounts.id)`.mapWith(whole),
    })
    .from(accounts)
    .where(eq(accounts.accountNumber, accountNumber));
}

function toDeletion(row: Awaited<ReturnType<typeof selectCascade>>[number] | undefined) {
  if (!row) return { current: null, isSeen: false, isOutOfReach: false, userProfiles: 0, keys: 0 };
  const { account: current, ...rest } = row;
  return { current, ...rest };
}

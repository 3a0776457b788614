import { and, eq, ne, not, sql, type SQL } from 'drizzle-orm';
import type { Db } from '../client/client.ts';
import { flag, whole } from '../client/decoders.ts';
import { claimIdempotencyKey, type IdempotencyClaim, keepAnswer } from './idempotency.ts';
import { isOutOfReach, type OutOfReach } from './out-of-reach.ts';
import { type AccountRow, accounts } from '../schema/tables.ts';
import {
  type Authorship,
  type Changes,
  isInState,
  type RowState,
  toSet,
  type Values,
  writeBatch,
} from './write-batch.ts';

export type NewAccount = Values<AccountRow> & Pick<AccountRow, 'accountNumber' | 'companyName'>;

/** What became of a write to a row that may be absent, or in another state than its writer thinks. */
export interface Attempt<Row> {
  /** The row as it is after the write; null when it was not done. */
  readonly done: Row | null;
  /** The row as it was when the write was not done; null: there is none. */
  readonly current: Row | null;
  readonly tags: string[];
}

/** What a deletion depends on. */
export interface AccountConditions {
  /** What the writer has seen; null: whatever it is. */
  readonly states: readonly RowState[] | null;
  /** Number of the account that is never deleted. */
  readonly keptNumber: string;
  /** Whose memberships the writer may not end. */
  readonly outOfReach: OutOfReach;
}

/** What a deletion takes along. */
export interface AccountDeletion {
  readonly current: AccountRow | null;
  readonly isSeen: boolean;
  /** One of its members is out of the writer's reach. */
  readonly isOutOfReach: boolean;
  readonly userProfiles: number;
  readonly keys: number;
  readonly isDone: boolean;
  readonly tags: string[];
}

/** Inserts the account, and keeps it as the answer to the claim. */
export async function insertAccount(
  db: Db,
  author: Authorship,
  account: NewAccount,
  claim: IdempotencyClaim | null,
): Promise<{ value: AccountRow; tags: string[] }> {
  const insert = db.insert(accounts).values(account).returning();
  if (!claim) {
    const { results, tags } = await writeBatch(db, author, [insert]);
    return { value: onlyRow(results[0]), tags };
  }
  const snapshot = sql`select to_jsonb(accounts) from accounts where account_number = ${account.accountNumber}`;
  const { results, tags } = await writeBatch(db, author, [
    ...claimIdempotencyKey(db, claim),
    insert,
    keepAnswer(db, claim, snapshot),
  ]);
  return { value: onlyRow(results[2]), tags };
}

/** Changes the account if it is in one of the states; as the default one it takes the place of the one that is. */
export async function updateAccount(
  db: Db,
  author: Authorship,
  accountNumber: string,
  changes: Changes<AccountRow>,
  states: readonly RowState[] | null,
): Promise<Attempt<AccountRow>> {
  const isAsked = eq(accounts.accountNumber, accountNumber);
  const isMeant = and(isAsked, isInState(stateColumns, states));
  const update = db.update(accounts).set(toSet(accounts, changes)).where(isMeant).returning();
  const select = db.select().from(accounts).where(isAsked);
  if (!changes.isDefaultAccount) {
    const { results, tags } = await writeBatch(db, author, [update, select]);
    return { done: results[0][0] ?? null, current: results[1][0] ?? null, tags };
  }
  const { results, tags } = await writeBatch(db, author, [
    ...makeRoomForDefault(db, isAsked, isMeant),
    update,
    select,
  ]);
  return { done: results[3][0] ?? null, current: results[4][0] ?? null, tags };
}

/** Makes the account the default one, in place of the one that is; changes nothing when it is that already. */
export async function switchDefaultAccount(
  db: Db,
  author: Authorship,
  accountNumber: string,
): Promise<Attempt<AccountRow>> {
  const isAsked = eq(accounts.accountNumber, accountNumber);
  const { results, tags } = await writeBatch(db, author, [
    ...makeRoomForDefault(db, isAsked, isAsked),
    db
      .update(accounts)
      .set({ isDefaultAccount: true })
      .where(and(isAsked, not(sql`${accounts.isDefaultAccount}`)))
      .returning(),
    db.select().from(accounts).where(isAsked),
  ]);
  return { done: results[3][0] ?? null, current: results[4][0] ?? null, tags };
}

/** Names the lock of the switch of the default account; the migrations' one is its neighbour. */
const SWITCH_LOCK = 7_265_201_002;

// Switches take turns, and the account meant stays as it is meanwhile: else there might be no default one at the end.
function makeRoomForDefault(db: Db, isAsked: SQL, isMeant: SQL | undefined) {
  const meant = db.select({ id: accounts.id }).from(accounts).where(isMeant);
  return [
    db.execute(sql`select pg_advisory_xact_lock(${SWITCH_LOCK})`),
    db.select({ id: accounts.id }).from(accounts).where(isAsked).for('no key update'),
    db
      .update(accounts)
      .set({ isDefaultAccount: false })
      .where(and(sql`${accounts.isDefaultAccount}`, not(isAsked), sql`exists (${meant})`)),
  ] as const;
}

/** What deleting the account would delete. */
export async function selectAccountDeletion(
  db: Db,
  accountNumber: string,
  conditions: AccountConditions,
): Promise<AccountDeletion> {
  const [row] = await selectCascade(db, accountNumber, conditions);
  return { ...toDeletion(row), isDone: false, tags: [] };
}

/** Deletes the account with all that is its own, if nothing stands against it and it is not the default account. */
export async function deleteAccount(
  db: Db,
  author: Authorship,
  accountNumber: string,
  conditions: AccountConditions,
): Promise<AccountDeletion> {
  const isAsked = eq(accounts.accountNumber, accountNumber);
  const { results, tags } = await writeBatch(db, author, [
    // A statement of its own: the next one sees who became a member while it waited.
    db.select({ id: accounts.id }).from(accounts).where(isAsked).for('update'),
    selectCascade(db, accountNumber, conditions),
    db
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
  ]);
  return { ...toDeletion(results[1][0]), isDone: results[2].length > 0, tags };
}

/** As many profiles as go with an account within the deadline, each with an entry in the audit log. */
export const MAX_DELETED_MEMBERS = 10_000;

function hasMoreMembers(limit: number): SQL {
  return sql`exists (select from user_profiles as p where p.account_id = accounts.id offset ${limit}::int)`;
}

/** As many keys, revoked ones too, as go with it besides. */
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
      // A column of drizzle's would lose its table here, and be one of the inner table.
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

function onlyRow<T>([row]: readonly T[]): T {
  if (!row) throw new Error('an insert gave no row');
  return row;
}

import { asc, eq, desc, sql } from 'drizzle-orm';
import { runBatch } from '../client/batch.ts';
import type { Db } from '../client/client.ts';
import { json, nullable, text, whole } from '../client/decoders.ts';
import { readRows } from '../client/results.ts';
import { auditLog } from '../schema/managing.ts';
import { userProfiles, users } from '../schema/tables.ts';
import { auditColumns } from './audit.ts';
import { selectProfiles } from './profiles.ts';

const instant = sql`'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'`;

/** Everything that is held of a person, at most `most` of each, the newest first; profiles by id. All in one request. */
export async function selectPerson(db: Db, userId: number, most: number) {
  const { user, profiles, entries, changes, deleted, answers } = await runBatch(db, {
    // Each part has an index, which old statistics may make look dearer than the whole table. Rows are found before they are put in order.
    settings: db.execute(
      sql`select set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)`,
    ),
    user: db.select().from(users).where(eq(users.id, userId)),
    profiles: selectProfiles(db, eq(userProfiles.userId, userId)).orderBy(asc(userProfiles.id)).limit(most),
    entries: db
      .select(auditColumns)
      .from(auditLog)
      .where(
        sql`${auditLog.id} = any(array(select audit_of_user(${userId}))) and (${auditLog.username} is not null or ${auditLog.changes} - 'force' <> '{}')`,
      )
      .orderBy(desc(auditLog.id))
      .limit(most),
    changes: db.execute(sql`
      select kind, row_id as "rowId", operation, to_char(at at time zone 'UTC', ${instant}) as at, actor,
        case when operation = 'update' then after || before else before end as before, after
      from change_feed where id = any(array(select changes_of_user(${userId}))) and (before is not null or after is not null) order by id desc limit ${most}`),
    deleted: db.execute(sql`
      select d.id as "deletionId", to_char(d.at at time zone 'UTC', ${instant}) as at, d.actor, r.entity as kind, r.row
      from deletion_rows as r join deletions as d on d.id = r.deletion_id
      where r.user_id = ${userId} order by d.id desc, r.entity, r.id limit ${most}`),
    answers: selectAnswers(db, userId, most),
  });
  return {
    user: user[0] ?? null,
    profiles,
    entries,
    changes: readRows(changes, {
      kind: text,
      rowId: nullable(whole),
      operation: text,
      at: text,
      actor: text,
      before: json,
      after: json,
    }),
    deleted: readRows(deleted, { deletionId: whole, at: text, actor: text, kind: text, row: json }),
    answers: readRows(answers, { at: text, caller: text, user: json, profile: json }),
  };
}

function selectAnswers(db: Db, userId: number, most: number) {
  return db.execute(sql`
      select to_char(k.created_at at time zone 'UTC', ${instant}) as at, k.caller, one -> 'user' as user, one -> 'profile' as profile
      from (
        select * from idempotency_keys
        where jsonb_path_query_array(answer, '$[*].user.id') @> jsonb_build_array(${userId}::bigint) offset 0
      ) as k, jsonb_path_query(k.answer, '$[*]') as one
      where one -> 'user' -> 'id' = to_jsonb(${userId}::bigint)
      order by k.created_at desc limit ${most}`);
}

-- A creation writes these tables in this order. They are locked at once as much as they will be.
lock table public.idempotency_keys, public.audit_log, public.deletions in share mode;
--> statement-breakpoint
CREATE INDEX "audit_log_former_user_id" ON "audit_log" USING btree ((coalesce("changes" -> 'user_id' ->> 1, "changes" -> 'user_id' ->> 0)::bigint)) WHERE "audit_log"."entity" = 'user_profile' and "audit_log"."user_id" is null;--> statement-breakpoint
CREATE INDEX "idempotency_keys_users" ON "idempotency_keys" USING gin (jsonb_path_query_array("answer", '$[*].user.id'));--> statement-breakpoint
CREATE INDEX "deletions_entity_id" ON "deletions" USING btree ("entity_id","entity");
--> statement-breakpoint

-- What there is of a person, and what an erasure has to make forget.
create type public.user_traces as (
  -- The time of the last erasure; null: there was none.
  erased_at timestamptz,
  -- A user had the id.
  is_known boolean,
  users bigint,
  user_profiles bigint,
  audit_entries bigint,
  changes bigint,
  deletion_rows bigint,
  remembered_answers bigint,
  -- Nothing is left to be removed by another erasure.
  is_whole boolean,
  -- The cache tags of the user and of the names and ids that it is known to have had.
  tags text[]
);
--> statement-breakpoint

-- The entries of the audit log about a user and its profiles. Those from before the log had `user_id` tell it among their changes, or
-- are of a profile that is known from elsewhere.
create function public.audit_of_user(user_id bigint) returns setof bigint
language sql stable set search_path = pg_catalog, pg_temp set enable_seqscan = off set jit = off as $$
  with profiles as (
    select p.id from public.user_profiles as p where p.user_id = $1
    union select r.id from public.deletion_rows as r where r.user_id = $1 and r.entity = 'user_profile'
    union select c.row_id from public.change_feed as c where c.user_id = $1
    union select l.entity_id from public.audit_log as l
      where coalesce(l.changes -> 'user_id' ->> 1, l.changes -> 'user_id' ->> 0)::bigint = $1
        and l.entity = 'user_profile' and l.user_id is null
  )
  select l.id from public.audit_log as l where l.user_id = $1
  union select l.id from public.audit_log as l where l.entity_id = $1 and l.entity = 'user'
  union select l.id from public.audit_log as l
    where l.entity_id = any(array(select id from profiles)) and l.entity = 'user_profile' and l.user_id is null
$$;
--> statement-breakpoint

-- The items of the feed about a user and its profiles. Of two conditions in one OR Postgres could read a whole index.
create function public.changes_of_user(user_id bigint) returns setof bigint
language sql stable set search_path = pg_catalog, pg_temp set enable_seqscan = off set jit = off as $$
  select c.id from public.change_feed as c where c.row_id = $1 and c.kind = 'user'
  union select c.id from public.change_feed as c where c.user_id = $1
$$;
--> statement-breakpoint

create function public.traces_of_user(user_id bigint) returns public.user_traces
language sql stable set search_path = pg_catalog, pg_temp set enable_seqscan = off set jit = off as $$
  with entries as materialized (
    select l.changes, l.username, l.entity from public.audit_log as l
    where l.id = any(array(select public.audit_of_user($1)))
      and (l.username is not null or l.changes - 'force' <> '{}')
  ), fed as materialized (
    select c.kind, c.row_id, c.before, c.after from public.change_feed as c
    where c.id = any(array(select public.changes_of_user($1))) and (c.before is not null or c.after is not null)
  ), kept as materialized (
    select r.entity, r.id, r.username, r.row from public.deletion_rows as r where r.user_id = $1
  ), own as (
    select u.id, u.username, u.external_id from public.users as u where u.id = $1
  ), names as (
    select username as name from own
    union select username from entries
    union select name from entries, jsonb_array_elements_text(changes -> 'username') as name
      where entity = 'user' and jsonb_typeof(changes -> 'username') = 'array'
    union select username from kept
    union select s.row ->> 'username' from fed, lateral (values (before), (after)) as s (row) where kind = 'user'
  ), external_ids as (
    select external_id as id from own
    union select id from entries, jsonb_array_elements_text(changes -> 'external_id') as id
      where entity = 'user' and jsonb_typeof(changes -> 'external_id') = 'array'
    union select row ->> 'external_id' from kept where entity = 'user'
    union select s.row ->> 'external_id' from fed, lateral (values (before), (after)) as s (row) where kind = 'user'
  ), profiles as (
    select p.id from public.user_profiles as p where p.user_id = $1
    union select id from kept where entity = 'user_profile'
    union select row_id from fed where kind = 'user_profile'
  ), of_others as (
    select u.username as name, u.external_id as id from public.users as u
    where u.id <> $1 and u.username = any(array(select name from names))
    union all
    select u.username, u.external_id from public.users as u
    where u.id <> $1 and u.external_id = any(array(select id from external_ids))
  )
  select
    (select l.at from public.audit_log as l
      where l.entity_id = $1 and l.entity = 'user' and l.action = 'erase' order by l.at desc limit 1),
    exists (select from own)
      or exists (select from public.deleted_rows as d where d.entity = 'user' and d.id = $1)
      or exists (select from public.audit_log as l where l.entity_id = $1 and l.entity = 'user'),
    (select count(*) from own),
    (select count(*) from public.user_profiles as p where p.user_id = $1),
    (select count(*) from entries),
    (select count(*) from fed),
    (select count(*) from kept),
    (select count(*) from public.idempotency_keys as k
      where jsonb_path_query_array(k.answer, '$[*].user.id') @> jsonb_build_array($1)),
    true,
    array(
      select unnest(array['user:' || $1, 'memberships:' || $1])
      union select 'username:' || name from names where name is not null and name not in (select name from of_others)
      union select 'user-external-id:' || id from external_ids
        where id is not null and id not in (select id from of_others where id is not null)
      union select 'profile:' || id from profiles
    )
$$;
--> statement-breakpoint

-- Removes a person from everything that Postgres holds, in one transaction, and answers how much. An entry of the audit log is the
-- proof. At most so many rows of each table are removed, the newest first, and another call removes the next ones. The rows are found
-- before they are put in order: an index in that order would be read from end to end. Each statement sees what had committed when it began: what others have written of the user or its profiles is there
-- once the rows are deleted.
create function public.erase_user(erased bigint, most bigint default null) returns public.user_traces
language plpgsql set search_path = pg_catalog, pg_temp set enable_seqscan = off set jit = off as $$
declare
  kept constant text := coalesce(current_setting('edge_accounts.keep_deleted', true), '');
  found_traces public.user_traces;
  outdated text[];
  held_by bigint[];
  gone_entry bigint;
  proof bigint;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'erase_user needs the isolation level read committed' using errcode = 'invalid_transaction_state';
  end if;
  -- Nobody restores, and nobody numbers what is rewritten below.
  perform pg_advisory_xact_lock(7265201005);
  perform pg_advisory_xact_lock(7265201006);
  select array[u.username, u.external_id] into outdated from public.users as u where u.id = erased for update;
  found_traces := public.traces_of_user(erased);
  if not found_traces.is_known and found_traces.changes + found_traces.deletion_rows + found_traces.remembered_answers = 0 then
    return found_traces;
  end if;
  if found_traces.erased_at is not null and found_traces.users + found_traces.audit_entries + found_traces.changes
    + found_traces.deletion_rows + found_traces.remembered_answers = 0
  then
    return found_traces;
  end if;

  found_traces.is_whole := coalesce(greatest(
    found_traces.audit_entries, found_traces.changes, found_traces.deletion_rows, found_traces.remembered_answers
  ) <= most, true);
  found_traces.audit_entries := least(found_traces.audit_entries, most);
  found_traces.changes := least(found_traces.changes, most);
  found_traces.deletion_rows := least(found_traces.deletion_rows, most);
  found_traces.remembered_answers := least(found_traces.remembered_answers, most);

  perform set_config('edge_accounts.keep_deleted', 'off', true);
  delete from public.users as u where u.id = erased;
  perform set_config('edge_accounts.keep_deleted', kept, true);

  update public.audit_log as l
  set username = null, changes = case when l.changes ? 'force' then jsonb_build_object('force', l.changes -> 'force') else '{}' end
  where l.id = any(array(
    select g.id from (
      select l.id from public.audit_log as l
      where l.id = any(array(select public.audit_of_user(erased))) and (l.username is not null or l.changes - 'force' <> '{}')
      offset 0
    ) as g order by g.id desc limit most + found_traces.users + found_traces.user_profiles
  ));

  with gone as (
    delete from public.deletion_rows as r where r.ctid = any(array(
      select g.ctid from (select d.ctid, d.deletion_id from public.deletion_rows as d where d.user_id = erased offset 0) as g
      order by g.deletion_id desc limit most
    )) returning r.deletion_id
  )
  select array(select distinct deletion_id from gone) into held_by;
  delete from public.deletions as d
  where d.id = any(held_by || array(select e.id from public.deletions as e where e.entity_id = erased and e.entity = 'user'))
    and not exists (select from public.deletion_rows as r where r.deletion_id = d.id);
  update public.deletions as d set username = null
  where d.id = any(held_by) and d.username is not null and not exists (
    select from public.deletion_rows as r where r.deletion_id = d.id and r.entity = d.entity and r.id = d.entity_id
  );

  -- Items that a reader has not seen yet must stay where they are: a number that is missing at the beginning means that changes
  -- were lost. To delete what is not there does no harm.
  update public.change_feed as c set operation = 'delete', before = null, after = null
  where c.id = any(array(
    select g.id from (
      select c.id from public.change_feed as c
      where c.id = any(array(select public.changes_of_user(erased))) and (c.before is not null or c.after is not null)
      offset 0
    ) as g order by g.id desc limit most + found_traces.users + found_traces.user_profiles
  ));

  update public.idempotency_keys as k set answer = case jsonb_typeof(k.answer)
    when 'array' then (
      select jsonb_agg(
        case when one -> 'user' -> 'id' = to_jsonb(erased) then one || '{"user": null, "isErased": true}' else one end order by place
      )
      from jsonb_array_elements(k.answer) with ordinality as ones (one, place)
    )
    else '{"isErased": true}'
  end
  where k.ctid = any(array(
    select g.ctid from (
      select k.ctid, k.created_at from public.idempotency_keys as k
      where jsonb_path_query_array(k.answer, '$[*].user.id') @> jsonb_build_array(erased) offset 0
    ) as g order by g.created_at desc limit most
  ));

  -- Every cached answer with the user has the tag of its id. The names need not be written down once more.
  update public.cache_invalidations as i
  set tags = array_remove(array_remove(i.tags, 'username:' || outdated[1]), 'user-external-id:' || outdated[2])
  where i.xact_id = pg_current_xact_id();

  -- What an earlier erasure left is removed under its proof.
  if found_traces.erased_at is not null and found_traces.users = 0 then
    return found_traces;
  end if;
  insert into public.audit_log (actor, request_id, action, entity, entity_id, changes, user_id, xact_id)
  values (
    public.author(), coalesce(current_setting('edge_accounts.request_id', true), ''), 'erase', 'user', erased,
    case when current_setting('edge_accounts.forced', true) = 'true' then '{"force": [null, true]}' else '{}' end::jsonb,
    erased, pg_current_xact_id()
  )
  returning id into proof;
  -- The accounts that see in their log that the user is gone see the proof.
  select max(l.id) into gone_entry from public.audit_log as l
  where l.entity_id = erased and l.entity = 'user' and l.action = 'delete';
  insert into public.audit_log_accounts
  select (jsonb_populate_record(a, jsonb_build_object('id', proof, 'at', now()))).*
  from public.audit_log_accounts as a where a.id = gone_entry;
  return found_traces;
end $$;
--> statement-breakpoint

revoke all on function
  public.audit_of_user(bigint), public.changes_of_user(bigint), public.traces_of_user(bigint), public.erase_user(bigint, bigint)
from public;
--> statement-breakpoint
insert into public.cache_invalidations (tags) values ('{everything}');

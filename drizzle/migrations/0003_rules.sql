CREATE TABLE "deleted_rows" (
	"entity" text NOT NULL,
	"id" bigint NOT NULL,
	"revision" bigint NOT NULL,
	CONSTRAINT "deleted_rows_pkey" PRIMARY KEY("entity","id")
);
--> statement-breakpoint
CREATE TABLE "retired_account_numbers" (
	"account_number" text PRIMARY KEY NOT NULL,
	"account_id" bigint NOT NULL,
	"retired_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "audit_log" DROP CONSTRAINT "audit_log_action";--> statement-breakpoint
ALTER TABLE "audit_log" ALTER COLUMN "entity_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "audit_log" ADD CONSTRAINT "audit_log_truncated" CHECK (("audit_log"."entity_id" is null) = ("audit_log"."action" = 'truncate'));--> statement-breakpoint
ALTER TABLE "audit_log" ADD CONSTRAINT "audit_log_action" CHECK ("audit_log"."action" in ('create', 'update', 'delete', 'truncate'));--> statement-breakpoint

-- Revisions. An update that changes nothing leaves no trace: the revision stays, and so nothing is invalidated or audited.
-- The names sort behind whatever an operator calls a trigger, so that a row is compared as it will be.

drop trigger accounts_revision on public.accounts;
--> statement-breakpoint
drop trigger users_revision on public.users;
--> statement-breakpoint
drop trigger user_profiles_revision on public.user_profiles;
--> statement-breakpoint
drop trigger api_keys_revision on public.api_keys;
--> statement-breakpoint
create trigger "~accounts_revision" before update on public.accounts
  for each row when (old.* is distinct from new.*) execute function public.raise_revision_and_time();
--> statement-breakpoint
create trigger "~users_revision" before update on public.users
  for each row when (old.* is distinct from new.*) execute function public.raise_revision();
--> statement-breakpoint
create trigger "~user_profiles_revision" before update on public.user_profiles
  for each row when (old.* is distinct from new.*) execute function public.raise_revision_and_time();
--> statement-breakpoint
create trigger "~api_keys_revision" before update on public.api_keys
  for each row when (old.* is distinct from new.*) execute function public.raise_revision_and_time();
--> statement-breakpoint

-- A deleted row's revision is remembered while its statement runs: the same statement may insert the row again.
-- Without sequential scans, for a plan that is made while the table is empty would be kept for a million rows.

create function public.remember_deleted() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
begin
  insert into public.deleted_rows as d (entity, id, revision) values (tg_argv[0], old.id, old.revision)
  on conflict (entity, id) do update set revision = excluded.revision where d.revision < excluded.revision;
  return old;
end $$;
--> statement-breakpoint
create function public.remember_truncated() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  execute format(
    'insert into public.deleted_rows as d (entity, id, revision)
     select $1, 0, revision from only %I.%I order by revision desc limit 1
     on conflict (entity, id) do update set revision = excluded.revision where d.revision < excluded.revision',
    tg_table_schema, tg_table_name) using tg_argv[0];
  return null;
end $$;
--> statement-breakpoint
-- RESTART IDENTITY begins the table anew, its revisions too.
create function public.forget_deleted() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if pg_sequence_last_value(tg_argv[1]::regclass) is null then
    delete from public.deleted_rows where entity = tg_argv[0];
    if tg_argv[0] = 'account' then
      delete from public.retired_account_numbers;
    end if;
  end if;
  return null;
end $$;
--> statement-breakpoint
create function public.begin_revision() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
begin
  new.revision := greatest(new.revision, (
    select max(d.revision) + 1 from public.deleted_rows as d where d.entity = tg_argv[0] and d.id in (0, new.id)
  ));
  return new;
end $$;
--> statement-breakpoint
-- Whoever inserts while another transaction deletes the row waits for its end, and has looked before.
create function public.refuse_old_revision() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
begin
  if exists (
    select from changed_rows as c
    where c.revision <= (
      select d.revision from public.deleted_rows as d where d.entity = tg_argv[0] and d.id = c.id
    )
  ) then
    raise exception 'a row of this id was deleted meanwhile; try again'
      using errcode = 'serialization_failure', schema = tg_table_schema, table = tg_table_name;
  end if;
  return null;
end $$;
--> statement-breakpoint

-- Numbers of deleted accounts. Only the very account, under its id, may have its number again.

create function public.retire_account_number() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
begin
  insert into public.retired_account_numbers (account_number, account_id) values (old.account_number, old.id)
  on conflict do nothing;
  return old;
end $$;
--> statement-breakpoint
create function public.retire_account_numbers() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into public.retired_account_numbers (account_number, account_id)
  select account_number, id from only public.accounts
  on conflict do nothing;
  return null;
end $$;
--> statement-breakpoint
create function public.refuse_retired_number() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
begin
  if exists (
    select from changed_rows as c
    where c.id <> (
      select r.account_id from public.retired_account_numbers as r where r.account_number = c.account_number
    )
  ) then
    raise exception 'this account number belonged to an account that was deleted'
      using errcode = 'check_violation', schema = tg_table_schema, table = tg_table_name, constraint = tg_name,
        hint = 'Restore that account under its id, or delete the number from retired_account_numbers.';
  end if;
  return null;
end $$;
--> statement-breakpoint

-- Sequences follow rows that are inserted with their ids. Ids near the end of what JavaScript can count are left alone:
-- nothing could be inserted after them.

create function public.follow_ids() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  sequence regclass := tg_argv[0]::regclass;
  greatest_id bigint := (select max(id) from changed_rows where id < 9007199000000000);
  behind bigint := greatest_id - coalesce(pg_sequence_last_value(sequence), 0);
begin
  if behind > 1000 then
    -- Two that set it could set it back, so they take turns. What is caught undoes the block, which gives the lock back at
    -- once and not when the transaction ends; a sequence takes no part in that.
    begin
      perform pg_advisory_xact_lock(7265201003);
      if pg_sequence_last_value(sequence) is null or pg_sequence_last_value(sequence) < greatest_id then
        perform setval(sequence, greatest_id);
      end if;
      raise sqlstate 'EA001';
    exception when sqlstate 'EA001' then null;
    end;
  elsif behind > 0 then
    -- Others who draw meanwhile could have drawn as many: setting would set it back.
    while nextval(sequence) < greatest_id loop
    end loop;
  end if;
  return null;
end $$;
--> statement-breakpoint

-- What never changes is looked at once the row is as it will be: a trigger of an operator may have changed it after ours.

drop trigger accounts_id_immutable on public.accounts;
--> statement-breakpoint
drop trigger accounts_account_number_immutable on public.accounts;
--> statement-breakpoint
drop trigger users_id_immutable on public.users;
--> statement-breakpoint
drop trigger user_profiles_id_immutable on public.user_profiles;
--> statement-breakpoint
drop trigger user_profiles_membership_immutable on public.user_profiles;
--> statement-breakpoint
drop trigger api_keys_id_immutable on public.api_keys;
--> statement-breakpoint
drop trigger api_keys_account_immutable on public.api_keys;
--> statement-breakpoint
create trigger accounts_id_immutable after update on public.accounts
  for each row when (old.id is distinct from new.id)
  execute function public.refuse_change('id');
--> statement-breakpoint
create trigger accounts_account_number_immutable after update on public.accounts
  for each row when (old.account_number is distinct from new.account_number)
  execute function public.refuse_change('account_number');
--> statement-breakpoint
create trigger users_id_immutable after update on public.users
  for each row when (old.id is distinct from new.id)
  execute function public.refuse_change('id');
--> statement-breakpoint
create trigger user_profiles_id_immutable after update on public.user_profiles
  for each row when (old.id is distinct from new.id)
  execute function public.refuse_change('id');
--> statement-breakpoint
create trigger user_profiles_membership_immutable after update on public.user_profiles
  for each row when ((old.user_id, old.account_id) is distinct from (new.user_id, new.account_id))
  execute function public.refuse_change('user_id, account_id');
--> statement-breakpoint
create trigger api_keys_id_immutable after update on public.api_keys
  for each row when (old.id is distinct from new.id)
  execute function public.refuse_change('id');
--> statement-breakpoint
create trigger api_keys_account_immutable after update on public.api_keys
  for each row when (old.account_id is distinct from new.account_id)
  execute function public.refuse_change('account_id');
--> statement-breakpoint
create function public.refuse_same_revision() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception 'revision of % rises with every change', tg_table_name
    using errcode = 'check_violation', schema = tg_table_schema, table = tg_table_name, constraint = tg_name;
end $$;
--> statement-breakpoint

-- The outbox and the audit log, of the rows that an update has changed: those whose revision rose.

create or replace function public.invalidate_accounts() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'UPDATE' then
    if exists (
      select from (select id, revision from new_rows except select id, revision from old_rows) as c offset 1000
    ) then
      perform public.write_invalidation('{everything}');
    else
      perform public.write_invalidation(array(
        with changed as (
          select id, account_number, revision from new_rows except select id, account_number, revision from old_rows
        )
        select 'account:' || id from changed
        union select 'account-number:' || account_number from changed
        union select 'default-account' where exists (
          select id, is_default_account from new_rows except select id, is_default_account from old_rows
        )
      ));
    end if;
  elsif exists (select from changed_rows offset 1000) then
    perform public.write_invalidation('{everything}');
  else
    perform public.write_invalidation(array(
      select 'account:' || id from changed_rows
      union select 'account-number:' || account_number from changed_rows
      union select 'default-account' from changed_rows where is_default_account
    ));
  end if;
  return null;
end $$;
--> statement-breakpoint
create or replace function public.invalidate_users() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'UPDATE' then
    if exists (
      select from (select id, revision from new_rows except select id, revision from old_rows) as c offset 1000
    ) then
      perform public.write_invalidation('{everything}');
    else
      perform public.write_invalidation(array(
        with before as (
          select id, username, revision from old_rows except select id, username, revision from new_rows
        ), after as (
          select id, username, revision from new_rows except select id, username, revision from old_rows
        )
        select 'user:' || id from after
        union select 'username:' || username from before
        union select 'username:' || username from after
        union select 'user-rights' where exists (
          select id, is_staff, is_superuser from new_rows except select id, is_staff, is_superuser from old_rows
        )
      ));
    end if;
  elsif exists (select from changed_rows offset 1000) then
    perform public.write_invalidation('{everything}');
  else
    perform public.write_invalidation(array(
      select 'user:' || id from changed_rows
      union select 'username:' || username from changed_rows
      union select 'user-rights' from changed_rows where is_staff or is_superuser
    ));
  end if;
  return null;
end $$;
--> statement-breakpoint
create or replace function public.invalidate_user_profiles() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'UPDATE' then
    if exists (
      select from (select id, revision from new_rows except select id, revision from old_rows) as c offset 1000
    ) then
      perform public.write_invalidation('{everything}');
    else
      perform public.write_invalidation(array(
        with changed as (
          select id, user_id, account_id, revision from new_rows
          except select id, user_id, account_id, revision from old_rows
        )
        select 'profile:' || id from changed
        union select 'members:' || account_id from changed
        union select 'memberships:' || user_id from changed
      ));
    end if;
  elsif exists (select from changed_rows offset 1000) then
    perform public.write_invalidation('{everything}');
  else
    perform public.write_invalidation(array(
      select 'profile:' || id from changed_rows
      union select 'members:' || account_id from changed_rows
      union select 'memberships:' || user_id from changed_rows
    ));
  end if;
  return null;
end $$;
--> statement-breakpoint
create or replace function public.invalidate_api_keys() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'UPDATE' then
    perform public.write_invalidation(array(
      select 'key:' || id from (select id, revision from new_rows except select id, revision from old_rows) as changed
    ));
  else
    perform public.write_invalidation(array(select 'key:' || id from changed_rows));
  end if;
  return null;
end $$;
--> statement-breakpoint
drop trigger api_keys_updated on public.api_keys;
--> statement-breakpoint
create trigger api_keys_updated after update on public.api_keys
  referencing old table as old_rows new table as new_rows
  for each statement execute function public.invalidate_api_keys();
--> statement-breakpoint
-- In UTC, whatever the session's time zone: offsets of old times have seconds, which ISO 8601 does not know. A write that was
-- insisted on says so.
create or replace function public.write_audit() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' set datestyle = 'ISO' as $$
declare
  actor text := nullif(current_setting('edge_accounts.actor', true), '');
  request_id text := coalesce(current_setting('edge_accounts.request_id', true), '');
  forced jsonb := case when current_setting('edge_accounts.forced', true) = 'true' then '{"force": [null, true]}' else '{}' end;
  gone bigint;
begin
  if actor is null then
    return null;
  elsif tg_op = 'INSERT' then
    insert into public.audit_log (actor, request_id, action, entity, entity_id, changes)
    select actor, request_id, 'create', tg_argv[0], id, public.audit_changes('{}', to_jsonb(changed_rows))
    from changed_rows order by id;
  elsif tg_op = 'DELETE' then
    insert into public.audit_log (actor, request_id, action, entity, entity_id, changes)
    select actor, request_id, 'delete', tg_argv[0], id, public.audit_changes(to_jsonb(changed_rows), '{}') || forced
    from changed_rows order by id;
  elsif tg_op = 'TRUNCATE' then
    execute format('select count(*) from only %I.%I', tg_table_schema, tg_table_name) into gone;
    insert into public.audit_log (actor, request_id, action, entity, entity_id, changes)
    values (actor, request_id, 'truncate', tg_argv[0], null, jsonb_build_object('rows', jsonb_build_array(gone, 0)));
  else
    insert into public.audit_log (actor, request_id, action, entity, entity_id, changes)
    select actor, request_id, 'update', tg_argv[0], id,
      public.audit_changes(to_jsonb(old_rows), to_jsonb(new_rows)) || forced
    from old_rows join new_rows using (id) where old_rows.revision <> new_rows.revision order by id;
  end if;
  return null;
end $$;
--> statement-breakpoint

revoke all on function
  public.remember_deleted(),
  public.remember_truncated(),
  public.forget_deleted(),
  public.begin_revision(),
  public.refuse_old_revision(),
  public.retire_account_number(),
  public.retire_account_numbers(),
  public.refuse_retired_number(),
  public.follow_ids()
from public;
--> statement-breakpoint
revoke all on table public.deleted_rows, public.retired_account_numbers from public;
--> statement-breakpoint

create trigger accounts_number_retired before delete on public.accounts
  for each row execute function public.retire_account_number();
--> statement-breakpoint
create trigger accounts_numbers_retired before truncate on public.accounts
  for each statement execute function public.retire_account_numbers();
--> statement-breakpoint
create trigger accounts_account_number_retired after insert on public.accounts
  referencing new table as changed_rows for each statement execute function public.refuse_retired_number();
--> statement-breakpoint
do $$
declare
  ours record;
begin
  for ours in
    select * from (values
      ('accounts', 'account'), ('users', 'user'), ('user_profiles', 'user_profile'), ('api_keys', 'api_key')
    ) as tables (name, entity)
  loop
    execute format('create trigger %I before insert on public.%I for each row execute function public.begin_revision(%L)',
      '~' || ours.name || '_first_revision', ours.name, ours.entity);
    execute format('create trigger %I after insert on public.%I referencing new table as changed_rows
        for each statement execute function public.refuse_old_revision(%L)',
      ours.name || '_first_revision_checked', ours.name, ours.entity);
    execute format('create trigger %I after update on public.%I for each row
        when (old.* is distinct from new.* and new.revision <= old.revision)
        execute function public.refuse_same_revision()',
      ours.name || '_revision_rises', ours.name);
    execute format('create trigger %I before delete on public.%I for each row execute function public.remember_deleted(%L)',
      ours.name || '_deletion_remembered', ours.name, ours.entity);
    execute format('create trigger %I before truncate on public.%I
        for each statement execute function public.remember_truncated(%L)',
      ours.name || '_truncation_remembered', ours.name, ours.entity);
    execute format('create trigger %I after truncate on public.%I
        for each statement execute function public.forget_deleted(%L, %L)',
      ours.name || '_truncation_forgotten', ours.name, ours.entity, 'public.' || ours.name || '_id_seq');
    execute format('create trigger %I before truncate on public.%I for each statement execute function public.write_audit(%L)',
      ours.name || '_truncate_audited', ours.name, ours.entity);
  end loop;
  for ours in
    select unnest(array['accounts', 'users', 'user_profiles', 'api_keys', 'audit_log', 'cache_invalidations']) as name
  loop
    execute format('create trigger %I after insert on public.%I referencing new table as changed_rows
        for each statement execute function public.follow_ids(%L)',
      ours.name || '_ids_followed', ours.name, 'public.' || ours.name || '_id_seq');
    execute format('select setval(%L, greatest(max(id), pg_sequence_last_value(%L))) from public.%I
        where id < 9007199000000000 having max(id) is not null',
      'public.' || ours.name || '_id_seq', 'public.' || ours.name || '_id_seq', ours.name);
  end loop;
  for ours in
    select t.tgrelid::regclass as table_name, t.tgname
    from pg_catalog.pg_trigger as t
    where not t.tgisinternal and t.tgenabled <> 'A' and t.tgrelid in (
      'public.accounts'::regclass, 'public.users'::regclass, 'public.user_profiles'::regclass,
      'public.api_keys'::regclass, 'public.audit_log'::regclass, 'public.cache_invalidations'::regclass
    )
    -- Triggers of an operator's own stay as they are.
    and t.tgfoid in (
      select oid from pg_catalog.pg_proc where pronamespace = 'public'::regnamespace and proname in (
        'begin_revision', 'delete_keys_of_accounts', 'follow_ids', 'forget_deleted',
        'invalidate_accounts', 'invalidate_api_keys', 'invalidate_everything', 'invalidate_user_profiles',
        'invalidate_users', 'raise_revision', 'raise_revision_and_time', 'refuse_change',
        'refuse_old_revision', 'refuse_retired_number', 'refuse_same_revision', 'remember_deleted',
        'remember_truncated', 'retire_account_number', 'retire_account_numbers', 'write_audit'
      )
    )
  loop
    execute format('alter table %s enable always trigger %I', ours.table_name, ours.tgname);
  end loop;
end $$;
--> statement-breakpoint

-- What the audit log knows of deletions until now.
insert into public.deleted_rows (entity, id, revision)
select entity, entity_id, max((changes -> 'revision' ->> 0)::bigint)
from public.audit_log where action = 'delete' and changes -> 'revision' ->> 0 is not null
group by entity, entity_id;
--> statement-breakpoint
insert into public.retired_account_numbers (account_number, account_id, retired_at)
select changes -> 'account_number' ->> 0, entity_id, at
from public.audit_log as gone
where action = 'delete' and entity = 'account' and changes -> 'account_number' ->> 0 is not null
  and not exists (
    select from public.accounts as a where a.account_number = gone.changes -> 'account_number' ->> 0
  )
order by id desc
on conflict do nothing;
--> statement-breakpoint
insert into public.cache_invalidations (tags) values ('{everything}');

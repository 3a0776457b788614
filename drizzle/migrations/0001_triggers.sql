-- Revisions.

create function public.raise_revision() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.revision := old.revision + 1;
  return new;
end $$;
--> statement-breakpoint
create function public.raise_revision_and_time() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.revision := old.revision + 1;
  new.updated_at := now();
  return new;
end $$;
--> statement-breakpoint
create trigger accounts_revision before update on public.accounts
  for each row execute function public.raise_revision_and_time();
--> statement-breakpoint
create trigger users_revision before update on public.users
  for each row execute function public.raise_revision();
--> statement-breakpoint
create trigger user_profiles_revision before update on public.user_profiles
  for each row execute function public.raise_revision_and_time();
--> statement-breakpoint

-- What never changes: tags are made of it. The trigger's name is the constraint's, its argument the columns.
-- Row triggers run in the order of their names; none of these looks at what another one sets.

create function public.refuse_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception '% of % cannot change', tg_argv[0], tg_table_name
    using errcode = 'check_violation', schema = tg_table_schema, table = tg_table_name, constraint = tg_name;
end $$;
--> statement-breakpoint
create trigger accounts_id_immutable before update on public.accounts
  for each row when (old.id is distinct from new.id)
  execute function public.refuse_change('id');
--> statement-breakpoint
create trigger accounts_account_number_immutable before update on public.accounts
  for each row when (old.account_number is distinct from new.account_number)
  execute function public.refuse_change('account_number');
--> statement-breakpoint
create trigger users_id_immutable before update on public.users
  for each row when (old.id is distinct from new.id)
  execute function public.refuse_change('id');
--> statement-breakpoint
create trigger user_profiles_id_immutable before update on public.user_profiles
  for each row when (old.id is distinct from new.id)
  execute function public.refuse_change('id');
--> statement-breakpoint
create trigger user_profiles_membership_immutable before update on public.user_profiles
  for each row when ((old.user_id, old.account_id) is distinct from (new.user_id, new.account_id))
  execute function public.refuse_change('user_id, account_id');
--> statement-breakpoint

-- The outbox. A tag is a pure function of one row's old or new columns: a join would miss a row that a concurrent
-- transaction has not committed. More than 1,000 rows are more than 1,000 tags, since each row has one of its own.

create function public.write_invalidation(tags text[]) returns void
language sql set search_path = pg_catalog, pg_temp as $$
  insert into public.cache_invalidations (tags)
  select case when cardinality($1) > 1000 then '{everything}' else $1 end
  where cardinality($1) > 0
$$;
--> statement-breakpoint
create function public.invalidate_everything() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform public.write_invalidation('{everything}');
  return null;
end $$;
--> statement-breakpoint
-- Rows of both sides are compared with EXCEPT and never joined: the plan is cached from the first call, and a nested
-- loop planned for one row would stay for a thousand.
create function public.invalidate_accounts() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'UPDATE' then
    if exists (select from new_rows offset 1000) then
      perform public.write_invalidation('{everything}');
    else
      perform public.write_invalidation(array(
        select 'account:' || id from new_rows
        union select 'account-number:' || account_number from new_rows
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
create function public.invalidate_users() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'UPDATE' then
    if exists (select from new_rows offset 1000) then
      perform public.write_invalidation('{everything}');
    else
      perform public.write_invalidation(array(
        select 'user:' || id from new_rows
        union select 'username:' || username from old_rows
        union select 'username:' || username from new_rows
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
create function public.invalidate_user_profiles() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'UPDATE' then
    if exists (select from new_rows offset 1000) then
      perform public.write_invalidation('{everything}');
    else
      perform public.write_invalidation(array(
        select 'profile:' || id from new_rows
        union select 'members:' || account_id from old_rows
        union select 'members:' || account_id from new_rows
        union select 'memberships:' || user_id from old_rows
        union select 'memberships:' || user_id from new_rows
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

-- Firing a trigger needs no right to execute its function; hanging it on a table of one's own would.
revoke all on function
  public.write_invalidation(text[]),
  public.invalidate_everything(),
  public.invalidate_accounts(),
  public.invalidate_users(),
  public.invalidate_user_profiles()
from public;
--> statement-breakpoint
revoke all on table public.cache_invalidations from public;
--> statement-breakpoint

create trigger accounts_inserted after insert on public.accounts
  referencing new table as changed_rows for each statement execute function public.invalidate_accounts();
--> statement-breakpoint
create trigger accounts_updated after update on public.accounts
  referencing old table as old_rows new table as new_rows
  for each statement execute function public.invalidate_accounts();
--> statement-breakpoint
create trigger accounts_deleted after delete on public.accounts
  referencing old table as changed_rows for each statement execute function public.invalidate_accounts();
--> statement-breakpoint
create trigger accounts_truncated after truncate on public.accounts
  for each statement execute function public.invalidate_everything();
--> statement-breakpoint
create trigger users_inserted after insert on public.users
  referencing new table as changed_rows for each statement execute function public.invalidate_users();
--> statement-breakpoint
create trigger users_updated after update on public.users
  referencing old table as old_rows new table as new_rows
  for each statement execute function public.invalidate_users();
--> statement-breakpoint
create trigger users_deleted after delete on public.users
  referencing old table as changed_rows for each statement execute function public.invalidate_users();
--> statement-breakpoint
create trigger users_truncated after truncate on public.users
  for each statement execute function public.invalidate_everything();
--> statement-breakpoint
create trigger user_profiles_inserted after insert on public.user_profiles
  referencing new table as changed_rows for each statement execute function public.invalidate_user_profiles();
--> statement-breakpoint
create trigger user_profiles_updated after update on public.user_profiles
  referencing old table as old_rows new table as new_rows
  for each statement execute function public.invalidate_user_profiles();
--> statement-breakpoint
create trigger user_profiles_deleted after delete on public.user_profiles
  referencing old table as changed_rows for each statement execute function public.invalidate_user_profiles();
--> statement-breakpoint
create trigger user_profiles_truncated after truncate on public.user_profiles
  for each statement execute function public.invalidate_everything();
--> statement-breakpoint

-- Without ALWAYS a session with session_replication_role = replica would change rows that nobody hears of.
do $$
declare
  ours record;
begin
  for ours in
    select t.tgrelid::regclass as table_name, t.tgname
    from pg_catalog.pg_trigger as t
    where not t.tgisinternal
      and t.tgrelid in (
        'public.accounts'::regclass, 'public.users'::regclass, 'public.user_profiles'::regclass
      )
  loop
    execute format('alter table %s enable always trigger %I', ours.table_name, ours.tgname);
  end loop;
end $$;
--> statement-breakpoint
insert into public.cache_invalidations (tags) values ('{everything}');

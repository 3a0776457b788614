-- Tables are locked in the order in which writers come to them, or one of the two would be ended as a deadlock: a creation holds
-- the row of its Idempotency-Key when it writes to the audit log. Each table is locked at once as much as it will be.
lock table public.idempotency_keys in access exclusive mode;
--> statement-breakpoint
lock table public.users in share row exclusive mode;
--> statement-breakpoint
lock table public.retired_account_numbers, public.api_keys, public.api_key_uses, public.audit_log, public.cache_invalidations
in access exclusive mode;
--> statement-breakpoint

-- Dates. Every one is in the years 1000 to 9999, as those of accounts and users are. What is beyond is brought to the nearer end,
-- where it means what it meant: no key expires at infinity, a tag that was never invalidated is due, and what is remembered for a
-- day is remembered for a day from now.

create function pg_temp.within_years(at timestamptz) returns timestamptz
language sql immutable strict as $$
  select greatest('1000-01-01 00:00:00+00', least('9999-12-31 23:59:59.999999+00', at))
$$;
--> statement-breakpoint
update public.api_keys set
  previous_valid_until = pg_temp.within_years(previous_valid_until),
  expires_at = pg_temp.within_years(nullif(expires_at, 'infinity')),
  revoked_at = pg_temp.within_years(revoked_at),
  created_at = pg_temp.within_years(created_at),
  updated_at = pg_temp.within_years(updated_at)
where previous_valid_until <> pg_temp.within_years(previous_valid_until)
  or expires_at <> pg_temp.within_years(expires_at)
  or revoked_at <> pg_temp.within_years(revoked_at)
  or created_at <> pg_temp.within_years(created_at)
  or updated_at <> pg_temp.within_years(updated_at);
--> statement-breakpoint
update public.api_key_uses set last_used_at = pg_temp.within_years(last_used_at)
where last_used_at <> pg_temp.within_years(last_used_at);
--> statement-breakpoint
update public.audit_log set at = pg_temp.within_years(at) where at <> pg_temp.within_years(at);
--> statement-breakpoint
update public.cache_invalidations set created_at = pg_temp.within_years(created_at)
where created_at <> pg_temp.within_years(created_at);
--> statement-breakpoint
update public.cache_invalidations set invalidated_at = null
where invalidated_at <> pg_temp.within_years(invalidated_at);
--> statement-breakpoint
update public.idempotency_keys set created_at = least(now(), pg_temp.within_years(created_at))
where created_at <> pg_temp.within_years(created_at);
--> statement-breakpoint
update public.retired_account_numbers set retired_at = pg_temp.within_years(retired_at)
where retired_at <> pg_temp.within_years(retired_at);
--> statement-breakpoint
drop function pg_temp.within_years(timestamptz);
--> statement-breakpoint
ALTER TABLE "api_key_uses" ADD CONSTRAINT "api_key_uses_dates" CHECK ("api_key_uses"."last_used_at" between '1000-01-01 00:00:00+00' and '9999-12-31 23:59:59.999999+00');
--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_dates" CHECK ("api_keys"."previous_valid_until" between '1000-01-01 00:00:00+00' and '9999-12-31 23:59:59.999999+00' and "api_keys"."expires_at" between '1000-01-01 00:00:00+00' and '9999-12-31 23:59:59.999999+00' and "api_keys"."revoked_at" between '1000-01-01 00:00:00+00' and '9999-12-31 23:59:59.999999+00' and "api_keys"."created_at" between '1000-01-01 00:00:00+00' and '9999-12-31 23:59:59.999999+00' and "api_keys"."updated_at" between '1000-01-01 00:00:00+00' and '9999-12-31 23:59:59.999999+00');
--> statement-breakpoint
ALTER TABLE "audit_log" ADD CONSTRAINT "audit_log_dates" CHECK ("audit_log"."at" between '1000-01-01 00:00:00+00' and '9999-12-31 23:59:59.999999+00');
--> statement-breakpoint
ALTER TABLE "cache_invalidations" ADD CONSTRAINT "cache_invalidations_dates" CHECK ("cache_invalidations"."created_at" between '1000-01-01 00:00:00+00' and '9999-12-31 23:59:59.999999+00' and "cache_invalidations"."invalidated_at" between '1000-01-01 00:00:00+00' and '9999-12-31 23:59:59.999999+00');
--> statement-breakpoint
ALTER TABLE "idempotency_keys" ADD CONSTRAINT "idempotency_keys_dates" CHECK ("idempotency_keys"."created_at" between '1000-01-01 00:00:00+00' and '9999-12-31 23:59:59.999999+00');
--> statement-breakpoint
ALTER TABLE "retired_account_numbers" ADD CONSTRAINT "retired_account_numbers_dates" CHECK ("retired_account_numbers"."retired_at" between '1000-01-01 00:00:00+00' and '9999-12-31 23:59:59.999999+00');
--> statement-breakpoint
CREATE INDEX "api_keys_not_revoked" ON "api_keys" USING btree ("account_id") WHERE "api_keys"."revoked_at" is null;
--> statement-breakpoint
CREATE INDEX "users_alike" ON "users" USING btree (split_part("username_compared", '  #', 1),"id") WHERE strpos("users"."username_compared", '  #') > 0;
--> statement-breakpoint

-- Names that were alike before names were compared. Once the first of them is gone or has another name, the next one has what is
-- compared, so that no further name like it can be given.

create or replace function public.compare_username() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  compared text;
begin
  -- What a name got for itself stays until the name is changed or is the only one like it, and comes back with a row that is
  -- restored.
  if tg_op = 'UPDATE' and new.username = old.username then
    if new.username_compared is distinct from old.username_compared
      and new.username_compared is distinct from public.comparable_username(new.username)
    then
      new.username_compared := old.username_compared;
    end if;
  else
    compared := public.comparable_username(new.username);
    if new.username_compared is distinct from compared || '  #' || new.id then
      new.username_compared := compared;
    end if;
  end if;
  return new;
end $$;
--> statement-breakpoint
-- A statement frees the names that its old rows alone have. Of the names alike to one of these, the first that is still there gets
-- what is compared. So does the first of those alike to a row that comes back after its first is gone. Never compiled, and by
-- indexes: what the planner thinks of the few alike names would have it read the whole table. Where there are none, this is one look
-- into an empty index.
create function public.follow_first_username() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off set jit = off as $$
declare
  names text[];
  freed text;
  alike bigint;
begin
  if not exists (select from public.users where strpos(username_compared, '  #') > 0) then
    return null;
  elsif tg_op = 'DELETE' then
    names := array(select username_compared from old_rows);
  elsif tg_op = 'UPDATE' then
    names := array(select username_compared from old_rows except select username_compared from new_rows);
  else
    names := array(
      select split_part(username_compared, '  #', 1) from new_rows where strpos(username_compared, '  #') > 0
    );
  end if;
  -- Names in order, so that two statements at once wait for each other and do not deadlock.
  for freed in
    select distinct name from unnest(names) as name
    where exists (
      select from public.users
      where strpos(username_compared, '  #') > 0 and split_part(username_compared, '  #', 1) = name
    ) and not exists (select from public.users where username_compared = name)
    order by name
  loop
    -- One that another transaction has just deleted or renamed is passed over.
    for alike in
      select id from public.users
      where strpos(username_compared, '  #') > 0 and split_part(username_compared, '  #', 1) = freed
      order by id
    loop
      update public.users set username_compared = freed
      where id = alike and strpos(username_compared, '  #') > 0;
      exit when found;
    end loop;
  end loop;
  return null;
end $$;
--> statement-breakpoint
revoke all on function public.follow_first_username() from public;
--> statement-breakpoint
create trigger users_first_inserted after insert on public.users
  referencing new table as new_rows for each statement execute function public.follow_first_username();
--> statement-breakpoint
create trigger users_first_updated after update on public.users
  referencing old table as old_rows new table as new_rows
  for each statement execute function public.follow_first_username();
--> statement-breakpoint
create trigger users_first_deleted after delete on public.users
  referencing old table as old_rows for each statement execute function public.follow_first_username();
--> statement-breakpoint
alter table public.users enable always trigger users_first_inserted;
--> statement-breakpoint
alter table public.users enable always trigger users_first_updated;
--> statement-breakpoint
alter table public.users enable always trigger users_first_deleted;
--> statement-breakpoint
-- Those whose first is gone already.
update public.users set username_compared = next.name
from (
  select distinct on (name) id, name
  from public.users, split_part(username_compared, '  #', 1) as name
  where strpos(username_compared, '  #') > 0
  order by name, id
) as next
where users.id = next.id and not exists (select from public.users as first where first.username_compared = next.name);
--> statement-breakpoint
insert into public.cache_invalidations (tags) values ('{everything}');

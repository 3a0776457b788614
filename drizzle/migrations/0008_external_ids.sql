-- What other systems call a row and note about it. Both tables are locked at once, accounts first as deletions of accounts do.
lock table public.accounts, public.users in access exclusive mode;
--> statement-breakpoint
-- Sums the bytes of names and values, as the service does. JavaScript takes the name __proto__ for something else.
create function public.is_metadata(metadata jsonb) returns boolean
language sql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
  select case jsonb_typeof(metadata) when 'object' then (
    select count(*) <= 50
      and coalesce(bool_and(jsonb_typeof(value) = 'string' and key <> '__proto__'), true)
      and coalesce(sum(octet_length(key) + octet_length(value #>> '{}')), 0) <= 8192
    from jsonb_each(metadata)
  ) else false end
$$;
--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "external_id" text;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "metadata" jsonb DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "external_id" text;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "metadata" jsonb DEFAULT '{}' NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "accounts_external_id_key" ON "accounts" USING btree ("external_id") WHERE "accounts"."external_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "users_external_id_key" ON "users" USING btree ("external_id") WHERE "users"."external_id" is not null;--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "accounts_external_id_format" CHECK (char_length("accounts"."external_id") between 1 and 255 and "accounts"."external_id" !~ '[\u0001-\u001f\u007f-\u009f]');--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "accounts_metadata" CHECK ("accounts"."metadata" = '{}' or public.is_metadata("accounts"."metadata"));--> statement-breakpoint
ALTER TABLE "users" ADD CONSTRAINT "users_external_id_format" CHECK (char_length("users"."external_id") between 1 and 255 and "users"."external_id" !~ '[\u0001-\u001f\u007f-\u009f]');--> statement-breakpoint
ALTER TABLE "users" ADD CONSTRAINT "users_metadata" CHECK ("users"."metadata" = '{}' or public.is_metadata("users"."metadata"));
--> statement-breakpoint

-- The outbox, of external ids too: those that a row has and had.

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
        with before as (
          select id, external_id, revision from old_rows except select id, external_id, revision from new_rows
        ), after as (
          select id, account_number, external_id, revision from new_rows
          except select id, account_number, external_id, revision from old_rows
        )
        select 'account:' || id from after
        union select 'account-number:' || account_number from after
        union select 'account-external-id:' || external_id from before where external_id is not null
        union select 'account-external-id:' || external_id from after where external_id is not null
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
      union select 'account-external-id:' || external_id from changed_rows where external_id is not null
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
          select id, username, external_id, revision from old_rows
          except select id, username, external_id, revision from new_rows
        ), after as (
          select id, username, external_id, revision from new_rows
          except select id, username, external_id, revision from old_rows
        )
        select 'user:' || id from after
        union select 'username:' || username from before
        union select 'username:' || username from after
        union select 'user-external-id:' || external_id from before where external_id is not null
        union select 'user-external-id:' || external_id from after where external_id is not null
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
      union select 'user-external-id:' || external_id from changed_rows where external_id is not null
      union select 'user-rights' from changed_rows where is_staff or is_superuser
    ));
  end if;
  return null;
end $$;
--> statement-breakpoint
insert into public.cache_invalidations (tags) values ('{everything}');

-- Entries move into the logs of accounts below, and no writer may add one meanwhile. The table is locked at once as much as it will be.
lock table public.audit_log in access exclusive mode;
--> statement-breakpoint
CREATE TABLE "audit_log_accounts" (
	"id" bigint NOT NULL,
	"account_id" bigint NOT NULL,
	"entity" text NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "audit_log_accounts_pkey" PRIMARY KEY("id","account_id"),
	CONSTRAINT "audit_log_accounts_dates" CHECK ("audit_log_accounts"."at" between '1000-01-01 00:00:00+00' and '9999-12-31 23:59:59.999999+00')
);
--> statement-breakpoint
ALTER TABLE "audit_log" DROP CONSTRAINT "audit_log_truncated";--> statement-breakpoint
ALTER TABLE "audit_log" DROP CONSTRAINT "audit_log_action";--> statement-breakpoint
ALTER TABLE "audit_log" ADD COLUMN "account_number" text;--> statement-breakpoint
ALTER TABLE "audit_log" ADD COLUMN "username" text;--> statement-breakpoint
ALTER TABLE "audit_log" ADD COLUMN "key_name" text;--> statement-breakpoint
ALTER TABLE "audit_log" ADD COLUMN "user_id" bigint;--> statement-breakpoint
CREATE INDEX "audit_log_accounts_log" ON "audit_log_accounts" USING btree ("account_id","entity","at","id");--> statement-breakpoint
CREATE INDEX "audit_log_username" ON "audit_log" USING btree ("username","at","id") WHERE "audit_log"."username" is not null;--> statement-breakpoint
CREATE INDEX "audit_log_user_id" ON "audit_log" USING btree ("user_id","at","id") WHERE "audit_log"."user_id" is not null;--> statement-breakpoint
ALTER TABLE "audit_log" ADD CONSTRAINT "audit_log_many_rows" CHECK (("audit_log"."entity_id" is null) = ("audit_log"."changes" ? 'rows'));--> statement-breakpoint
ALTER TABLE "audit_log" ADD CONSTRAINT "audit_log_action" CHECK ("audit_log"."action" in ('create', 'update', 'delete', 'truncate', 'erase'));
--> statement-breakpoint

-- The log of each account begins with the entries of itself, its profiles and its keys, as far as they tell the account. Of which
-- accounts a user was a member is not known.
insert into public.audit_log_accounts (id, account_id, entity, at)
select id, account_id, entity, at from (
  select l.id, l.entity, l.at, case l.entity
    when 'account' then l.entity_id
    when 'user_profile' then coalesce(
      (l.changes -> 'account_id' ->> 1)::bigint, (l.changes -> 'account_id' ->> 0)::bigint,
      (select p.account_id from public.user_profiles as p where p.id = l.entity_id)
    )
    when 'api_key' then coalesce(
      (l.changes -> 'account_id' ->> 1)::bigint, (l.changes -> 'account_id' ->> 0)::bigint,
      (select k.account_id from public.api_keys as k where k.id = l.entity_id)
    )
  end as account_id
  from public.audit_log as l
) as known where account_id is not null;
--> statement-breakpoint

create type public.audit_subject as (
  account_number text,
  username text,
  key_name text,
  user_id bigint,
  -- The accounts in whose log the entry is.
  account_ids bigint[],
  -- Entries of this transaction that are in the log of the account too: those about a user who joins or leaves it.
  user_entries bigint[]
);
--> statement-breakpoint

-- Whom an entry is about. What a statement takes along is noted after the statement itself, so that the name of an account or a
-- user that is gone is in the entry of its deletion.
create function public.audit_subject(entity text, id bigint, fields jsonb) returns public.audit_subject
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  subject public.audit_subject;
  account constant bigint := case when entity = 'account' then id else (fields ->> 'account_id')::bigint end;
  member constant bigint := case entity when 'user' then id when 'user_profile' then (fields ->> 'user_id')::bigint end;
begin
  subject.user_id := member;
  subject.account_ids := array_remove(array[account], null);
  if entity = 'account' then
    subject.account_number := fields ->> 'account_number';
  elsif account is not null then
    subject.account_number := coalesce(
      (select a.account_number from public.accounts as a where a.id = account),
      (select l.account_number from public.audit_log as l
       where l.entity_id = account and l.entity = 'account' and l.at = now() order by l.id desc limit 1)
    );
  end if;
  if entity = 'user' then
    subject.username := fields ->> 'username';
    subject.account_ids := array(
      select p.account_id from public.user_profiles as p where p.user_id = member
      union
      select c.account_id from public.audit_log_accounts as c where c.id = any(array(
        select l.id from public.audit_log as l
        where l.user_id = member and l.at = now() and l.entity = 'user_profile'
      ))
    );
  elsif entity = 'user_profile' then
    subject.username := coalesce(
      (select u.username from public.users as u where u.id = member),
      (select l.username from public.audit_log as l
       where l.entity_id = member and l.entity = 'user' and l.at = now() order by l.id desc limit 1)
    );
    subject.user_entries := array(
      select l.id from public.audit_log as l where l.entity_id = member and l.entity = 'user' and l.at = now()
    );
  else
    subject.key_name := case entity when 'api_key' then fields ->> 'name' end;
  end if;
  return subject;
end $$;
--> statement-breakpoint

-- Notes who changed what, also for writers who name nobody. Of theirs a statement of many rows has one entry with the number.
create or replace function public.write_audit() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' set datestyle = 'ISO'
set enable_nestloop = off set enable_seqscan = off set jit = off as $$
declare
  most constant integer := 1000;
  entity constant text := tg_argv[0];
  action constant text := case tg_op when 'INSERT' then 'create' else lower(tg_op) end;
  author constant text := public.author();
  is_named constant boolean := coalesce(current_setting('edge_accounts.actor', true), '') <> '';
  request_id constant text := coalesce(current_setting('edge_accounts.request_id', true), '');
  forced constant jsonb := case
    when current_setting('edge_accounts.forced', true) = 'true' and action <> 'create' then '{"force": [null, true]}' else '{}'
  end;
  -- Where the rows are too many to be noted each.
  counted bigint;
begin
  if tg_op = 'TRUNCATE' then
    execute format('select count(*) from only %I.%I', tg_table_schema, tg_table_name) into counted;
  elsif is_named then
    null;
  elsif tg_op <> 'UPDATE' then
    counted := (select count(*) from changed_rows having count(*) > most);
  elsif exists (select from new_rows offset most) then
    counted := (
      select count(*) from old_rows as o join new_rows as n using (id) where o.revision <> n.revision having count(*) > most
    );
  end if;
  if counted is not null then
    insert into public.audit_log (actor, request_id, action, entity, entity_id, changes)
    values (author, request_id, action, entity, null, forced || jsonb_build_object('rows', jsonb_build_array(
      case when action = 'create' then 0 else counted end,
      case when action in ('create', 'update') then counted else 0 end
    )));
    return null;
  end if;
  execute format(
    'with noted as materialized (
       select nextval(''public.audit_log_id_seq'') as entry, c.id, public.audit_changes(before, after) || $4 as changes,
         public.audit_subject($5, c.id, case when $3 = ''create'' then after else before end) as subject
       from (%s order by id offset 0) as c
     ), written as (
       insert into public.audit_log
         (id, actor, request_id, action, entity, entity_id, changes, account_number, username, key_name, user_id)
       select entry, $1, $2, $3, $5, id, changes,
         (subject).account_number, (subject).username, (subject).key_name, (subject).user_id
       from noted
     )
     insert into public.audit_log_accounts (id, account_id, entity, at)
     select entry, unnest((subject).account_ids), $5, now() from noted
     union all
     select unnest((subject).user_entries), (subject).account_ids[1], ''user'', now() from noted
     on conflict do nothing',
    case tg_op
      when 'INSERT' then 'select id, ''{}''::jsonb as before, to_jsonb(r) as after from changed_rows as r'
      when 'DELETE' then 'select id, to_jsonb(r) as before, ''{}''::jsonb as after from changed_rows as r'
      else 'select id, to_jsonb(o) as before, to_jsonb(n) as after
        from old_rows as o join new_rows as n using (id) where o.revision <> n.revision'
    end
  ) using author, request_id, action, forced, entity;
  return null;
end $$;
--> statement-breakpoint
revoke all on function public.audit_subject(text, bigint, jsonb) from public;
--> statement-breakpoint
revoke all on table public.audit_log_accounts from public;
--> statement-breakpoint
insert into public.cache_invalidations (tags) values ('{everything}');

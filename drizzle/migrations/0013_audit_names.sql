CREATE TABLE "audit_log_accounts" (
	"id" bigint NOT NULL,
	"account_number" text NOT NULL,
	"entity" text NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "audit_log_accounts_pkey" PRIMARY KEY("id","account_number"),
	CONSTRAINT "audit_log_accounts_dates" CHECK ("audit_log_accounts"."at" between '1000-01-01 00:00:00+00' and '9999-12-31 23:59:59.999999+00')
);
--> statement-breakpoint
ALTER TABLE "audit_log" DROP CONSTRAINT "audit_log_truncated";--> statement-breakpoint
ALTER TABLE "audit_log" DROP CONSTRAINT "audit_log_action";--> statement-breakpoint
ALTER TABLE "audit_log" ADD COLUMN "account_number" text;--> statement-breakpoint
ALTER TABLE "audit_log" ADD COLUMN "username" text;--> statement-breakpoint
ALTER TABLE "audit_log" ADD COLUMN "key_name" text;--> statement-breakpoint
ALTER TABLE "audit_log" ADD COLUMN "user_id" bigint;--> statement-breakpoint
ALTER TABLE "audit_log" ADD COLUMN "xact_id" "xid8";--> statement-breakpoint
CREATE INDEX "audit_log_accounts_log" ON "audit_log_accounts" USING btree ("account_number","entity","at","id");--> statement-breakpoint
CREATE INDEX "audit_log_username" ON "audit_log" USING btree ("username","at","id") WHERE "audit_log"."username" is not null;--> statement-breakpoint
CREATE INDEX "audit_log_user_id" ON "audit_log" USING btree ("user_id","at","id") WHERE "audit_log"."user_id" is not null;--> statement-breakpoint
ALTER TABLE "audit_log" ADD CONSTRAINT "audit_log_many_rows" CHECK ("audit_log"."entity_id" is not null or "audit_log"."changes" ? 'rows');--> statement-breakpoint
ALTER TABLE "audit_log" ADD CONSTRAINT "audit_log_action" CHECK ("audit_log"."action" in ('create', 'update', 'delete', 'truncate', 'erase'));
--> statement-breakpoint

create type public.audit_subject as (
  account_number text,
  username text,
  key_name text,
  user_id bigint,
  -- Numbers of the accounts in whose log the entry is.
  logs text[],
  -- An entry of this transaction that is in the log of the account too: that of a user who comes with the profile, or goes with it.
  user_entry bigint
);
--> statement-breakpoint

-- Whom an entry is about. What a statement takes along is noted after the statement itself, so that the name of an account or a
-- user that is gone is in the entry of its deletion. The orders name the index to read: the caller has sorts off, and would else
-- read all entries of its transaction for each row.
create function public.audit_subject(entity text, action text, id bigint, fields jsonb) returns public.audit_subject
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  subject public.audit_subject;
  this_xact constant xid8 := pg_current_xact_id();
  account constant bigint := case when entity = 'account' then id else (fields ->> 'account_id')::bigint end;
  member constant bigint := case entity when 'user' then id when 'user_profile' then (fields ->> 'user_id')::bigint end;
begin
  subject.user_id := member;
  if entity = 'account' then
    subject.account_number := fields ->> 'account_number';
  elsif account is not null then
    subject.account_number := coalesce(
      (select a.account_number from public.accounts as a where a.id = account),
      (select l.account_number from public.audit_log as l
       where l.entity_id = any(array[account]) and l.entity = 'account' and l.at = now() and l.xact_id = this_xact
       order by l.entity_id desc, l.entity desc, l.at desc, l.id desc limit 1)
    );
  end if;
  subject.logs := array_remove(array[subject.account_number], null);
  if entity = 'user' then
    subject.username := fields ->> 'username';
    subject.logs := array(
      select a.account_number from public.accounts as a
      where a.id = any(array(select p.account_id from public.user_profiles as p where p.user_id = member))
    );
    if action = 'delete' then
      subject.logs := array(
        select unnest(subject.logs)
        union
        select l.account_number from public.audit_log as l
        where l.id = any(array(
          select g.id from public.audit_log as g
          where g.user_id = any(array[member]) and g.at = now() and g.xact_id = this_xact
            and g.entity = 'user_profile' and g.action = 'delete' and g.account_number is not null
          order by g.user_id, g.at, g.id
        ))
      );
    end if;
  elsif entity = 'user_profile' then
    subject.username := coalesce(
      (select u.username from public.users as u where u.id = member),
      (select l.username from public.audit_log as l
       where l.entity_id = any(array[member]) and l.entity = 'user' and l.at = now() and l.xact_id = this_xact
       order by l.entity_id desc, l.entity desc, l.at desc, l.id desc limit 1)
    );
    if action <> 'update' then
      subject.user_entry := (
        select l.id from public.audit_log as l
        where l.entity_id = any(array[member]) and l.entity = 'user' and l.at = now() and l.xact_id = this_xact
          and l.action = audit_subject.action
        order by l.entity_id desc, l.entity desc, l.at desc, l.id desc limit 1
      );
    end if;
  else
    subject.key_name := case entity when 'api_key' then fields ->> 'name' end;
  end if;
  return subject;
end $$;
--> statement-breakpoint

-- Notes who changed what, also for writers who name nobody. Of theirs a statement of many rows has one entry with the number.
create or replace function public.write_audit() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' set datestyle = 'ISO'
set enable_nestloop = off set enable_seqscan = off set enable_sort = off set enable_incremental_sort = off set jit = off as $$
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
  changed constant text := case tg_op
    when 'INSERT' then 'select id, ''{}''::jsonb as before, to_jsonb(r) as after from changed_rows as r'
    when 'DELETE' then 'select id, to_jsonb(r) as before, ''{}''::jsonb as after from changed_rows as r'
    when 'UPDATE' then 'select id, to_jsonb(o) as before, to_jsonb(n) as after
      from old_rows as o join new_rows as n using (id) where o.revision <> n.revision'
  end;
  -- Where the rows are too many to be noted each, and the only account that they are of.
  counted bigint;
  account text;
  entry bigint;
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
    if changed is not null and entity in ('user_profile', 'api_key') then
      execute format(
        'select (public.audit_subject($1, $2, min(id), jsonb_build_object(''account_id'', min(account_id)))).account_number
         from (select c.id, coalesce(before ->> ''account_id'', after ->> ''account_id'')::bigint as account_id from (%s) as c) as c
         having min(account_id) = max(account_id) and count(*) = count(account_id)', changed
      ) into account using entity, action;
    end if;
    insert into public.audit_log (actor, request_id, action, entity, entity_id, changes, account_number, xact_id)
    values (author, request_id, action, entity, null, forced || jsonb_build_object('rows', jsonb_build_array(
      case when action = 'create' then 0 else counted end,
      case when action in ('create', 'update') then counted else 0 end
    )), account, pg_current_xact_id()) returning id into entry;
    insert into public.audit_log_accounts (id, account_number, entity, at)
    select entry, account, entity, now() where account is not null;
    return null;
  end if;
  execute format(
    'with noted as materialized (
       select nextval(''public.audit_log_id_seq'') as entry, c.id, public.audit_changes(before, after) || $4 as changes,
         public.audit_subject($5, $3, c.id, case when $3 = ''create'' then after else before end) as subject
       from (%s order by id offset 0) as c
     ), written as (
       insert into public.audit_log
         (id, actor, request_id, action, entity, entity_id, changes, account_number, username, key_name, user_id, xact_id)
       select entry, $1, $2, $3, $5, id, changes,
         (subject).account_number, (subject).username, (subject).key_name, (subject).user_id, pg_current_xact_id()
       from noted
     )
     insert into public.audit_log_accounts (id, account_number, entity, at)
     select entry, unnest((subject).logs), $5, now() from noted
     union all
     select (subject).user_entry, (subject).account_number, ''user'', now() from noted
     where (subject).user_entry is not null and (subject).account_number is not null
     on conflict do nothing', changed
  ) using author, request_id, action, forced, entity;
  return null;
end $$;
--> statement-breakpoint

create function public.forget_audited() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'TRUNCATE' then
    delete from public.audit_log_accounts;
  else
    delete from public.audit_log_accounts where id = any(array(select id from old_rows));
  end if;
  return null;
end $$;
--> statement-breakpoint
create trigger audit_log_deleted after delete on public.audit_log
  referencing old table as old_rows for each statement execute function public.forget_audited();
--> statement-breakpoint
create trigger audit_log_truncated before truncate on public.audit_log
  for each statement execute function public.forget_audited();
--> statement-breakpoint
alter table public.audit_log enable always trigger audit_log_deleted;
--> statement-breakpoint
alter table public.audit_log enable always trigger audit_log_truncated;
--> statement-breakpoint
revoke all on function public.audit_subject(text, text, bigint, jsonb), public.forget_audited() from public;
--> statement-breakpoint
revoke all on table public.audit_log_accounts from public;
--> statement-breakpoint
insert into public.cache_invalidations (tags) values ('{everything}');

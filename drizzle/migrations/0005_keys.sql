ALTER TABLE "api_keys" ADD COLUMN "created_by" text DEFAULT nullif(current_setting('edge_accounts.actor', true), '');--> statement-breakpoint
CREATE INDEX "api_keys_created_by_id" ON "api_keys" USING btree ("created_by","id");
--> statement-breakpoint

-- Who made a key decides what is revoked with its maker. The audit log knows it of those that are there.

update public.api_keys as k set created_by = made.actor
from public.audit_log as made
where made.entity = 'api_key' and made.entity_id = k.id and made.action = 'create';
--> statement-breakpoint
create trigger api_keys_created_by_immutable after update on public.api_keys
  for each row when (old.created_by is distinct from new.created_by)
  execute function public.refuse_change('created_by');
--> statement-breakpoint
alter table public.api_keys enable always trigger api_keys_created_by_immutable;
--> statement-breakpoint
-- Creations that may still be asked for again, whose caller is who made the key.
update public.idempotency_keys set answer = jsonb_set(answer, '{row,created_by}', to_jsonb(caller))
where jsonb_typeof(answer -> 'row') = 'object';
--> statement-breakpoint
insert into public.cache_invalidations (tags) values ('{everything}');

CREATE INDEX "audit_log_by_action" ON "audit_log" USING btree ("action","entity","at","id");
--> statement-breakpoint
insert into public.cache_invalidations (tags) values ('{everything}');

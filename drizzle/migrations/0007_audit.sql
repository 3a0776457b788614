-- The audit log joins what a statement has changed, before and after. A plan that was made for one row is kept for the session, and
-- with a nested loop 10,000 rows took minutes.
alter function public.write_audit() set enable_nestloop = off;
--> statement-breakpoint
insert into public.cache_invalidations (tags) values ('{everything}');

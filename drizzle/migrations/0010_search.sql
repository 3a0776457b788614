-- Search, and lists without regard to case and accents.

-- Trigrams find any part of a word. Whoever migrates needs the right to create on the database, unless the extension is there.
create extension if not exists pg_trgm;
--> statement-breakpoint
-- Lower case without accents: compatible characters are decomposed, and marks taken away. Letters with a stroke, which Unicode does not
-- decompose, and ligatures follow. The letters that are spelled out are folded in any locale, and others where the database's locale
-- knows them. Qualified, and without settings, so that Postgres puts it in place of its calls. Most text is ASCII.
create function public.folded_text(words text) returns text
language sql immutable parallel safe as $$
  select case
    when pg_catalog.octet_length(words) = pg_catalog.char_length(words) then pg_catalog.lower(words collate "C")
    else pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(pg_catalog.translate(
      pg_catalog.lower(pg_catalog.regexp_replace(
        pg_catalog.normalize(words, 'NFKD'),
        '[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+',
        '', 'g'
      )),
      'øłđħŧıςØŁĐĦŦÆŒẞАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЂЃЄЅІЇЈЉЊЋЏΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ',
      'oldhtiσoldhtæœßабвгдежзийклмнопрстуфхцчшщъыьэюяђѓєѕіїјљњћџαβγδεζηθικλμνξοπρστυφχψω'
    ), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe')
  end
$$;
--> statement-breakpoint
create function public.without_runs_of_blanks(words text) returns text
language sql immutable parallel safe as $$
  select case
    when pg_catalog.strpos(words, '  ') = 0 then words else pg_catalog.regexp_replace(words, ' +', ' ', 'g')
  end
$$;
--> statement-breakpoint
-- The text by which lists are in order: an entry of a B-tree has at most 2,704 bytes.
create function public.listed_text(words text) returns text
language sql immutable parallel safe as $$
  select pg_catalog.left(public.without_runs_of_blanks(public.folded_text(pg_catalog.left(words, 300))), 300)
$$;
--> statement-breakpoint
-- The text that a search looks through: each word after a blank, and behind it the text as it is.
create function public.searched_text(words text) returns text
language sql immutable parallel safe as $$
  select public.folded_text(
    ' ' || pg_catalog.translate(words, '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~', '                                ') || ' ' || words
  )
$$;
--> statement-breakpoint
-- The pattern of what contains the term.
create function public.search_pattern(before text, term text) returns text
language sql immutable parallel safe as $$
  select before || pg_catalog.regexp_replace(public.folded_text(term), '([\\%_])', '\\\1', 'g') || '%'
$$;
--> statement-breakpoint
-- In a database whose language has no letters but those of ASCII, other text has no trigrams.
do $$
begin
  execute format(
    'create function public.has_trigrams(term text) returns boolean language sql stable parallel safe as
     ''select pg_catalog.cardinality(%s.show_trgm(public.folded_text(term))) > 0''',
    (select extnamespace::regnamespace from pg_extension where extname = 'pg_trgm')
  );
end $$;
--> statement-breakpoint
DROP INDEX "accounts_listed_by_company_name";
--> statement-breakpoint
DROP INDEX "users_listed_by_username";
--> statement-breakpoint
DROP INDEX "users_listed_by_email";
--> statement-breakpoint
do $do$
begin
  execute format(
    $sql$CREATE INDEX "accounts_searched" ON "accounts" USING gin (public.searched_text("account_number" || ' ' || replace("account_number", '-', '') || ' ' || "company_name" || ' ' || coalesce("external_id", '')) %s.gin_trgm_ops)$sql$,
    (select extnamespace::regnamespace from pg_extension where extname = 'pg_trgm')
  );
end $do$;
--> statement-breakpoint
do $do$
begin
  execute format(
    $sql$CREATE INDEX "users_searched" ON "users" USING gin (public.searched_text("username" || ' ' || "email" || ' ' || "first_name" || ' ' || "last_name" || ' ' || coalesce("external_id", '')) %s.gin_trgm_ops)$sql$,
    (select extnamespace::regnamespace from pg_extension where extname = 'pg_trgm')
  );
end $do$;
--> statement-breakpoint
CREATE INDEX "accounts_listed_by_company_name" ON "accounts" USING btree ("is_active",(public.listed_text("company_name") collate "C"),"id");
--> statement-breakpoint
CREATE INDEX "users_listed_by_username" ON "users" USING btree ("is_active",(public.listed_text("username") collate "C"),"id");
--> statement-breakpoint
CREATE INDEX "users_listed_by_email" ON "users" USING btree ("is_active",(public.listed_text("email") collate "C"),"id");
--> statement-breakpoint
insert into public.cache_invalidations (tags) values ('{everything}');

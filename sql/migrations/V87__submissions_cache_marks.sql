-- How the requests of a submission mark what they share for the provider's prompt cache. What such marks give
-- is not promised, so a few requests go first: a primer, whose write others may find, and a probe of a few
-- that may find it. While one that holds is open, the rest of its tier waits.
alter table submissions
    add column cache_mark text,
    add column cache_wave smallint,
    add column cache_holds boolean not null default false,
    add column cache_mark_refused boolean not null default false, -- by the provider, and the submission for it
    add constraint submissions_cache_wave_of_mark check ((cache_mark is null) = (cache_wave is null) and cache_wave >= 1),
    add constraint submissions_cache_holds_by_mark check (not cache_holds or cache_mark is not null);

-- What marks have shown is asked before each packing.
create index submissions_cache_mark_idx on submissions (provider, model, ended_at) where cache_mark is not null;

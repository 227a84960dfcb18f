-- Texts longer than the embedding model reads at once: compared by their shingles within a run.
alter table misses
    add column measure  text not null default 'cosine',
    add column shingles integer[],              -- sorted hashes of the runs of three words; only of long texts
    add constraint misses_measure_is_known check (measure in ('cosine', 'jaccard'));

alter table cache_entries
    add column measure text not null default 'cosine',  -- what similarity is, between a borrowed answer's text and its source
    add constraint cache_entries_measure_is_known check (measure in ('cosine', 'jaccard'));

-- What the semantic cache knows of its entries besides the answer itself.
alter table cache_entries
    add column score        real,               -- of an answer borrowed from the cache: what it was let in at; null for a follower's
    add column policy       text,               -- of a borrowed answer: digest of the rules that let it in
    add column answer_class text,               -- answers of one class are equal for the task; null until compared
    add column agreed       integer not null default 0,     -- times that a text nearby was asked and answered alike
    add column contradicted integer not null default 0,     -- times that it was answered otherwise
    add column guard_marks  text[],             -- digests of the text's numbers, dates, …: see the task's guards
    add constraint cache_entries_counts_are_not_negative check (agreed >= 0 and contradicted >= 0);

create index cache_entries_unclassified_idx on cache_entries (namespace_id) where answer_class is null and source_key = item_key;

alter table misses
    add column guard_marks text[],
    add column policy      text;                -- digest of the rules that would make it a follower

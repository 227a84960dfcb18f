-- What was borrowed goes with its source.
create index cache_entries_borrowed_idx on cache_entries (source_key) where source_key <> item_key;

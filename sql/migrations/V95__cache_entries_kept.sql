-- An answer of a former version of its task that the change cannot have touched, or that somebody wanted kept all the
-- same, is copied into the new version's cache. The copy says whose request gave it; what was learnt of it (agreed,
-- contradicted, its class) is not copied, for that is evidence on the former version.
alter table cache_entries
    add column kept        text,
    add column origin_key  text,                -- the item key, of the former version, whose attempt produced this answer
    add constraint cache_entries_kept_is_known check (kept in ('unaffected', 'by_request')),
    add constraint cache_entries_kept_has_origin check ((kept is null) = (origin_key is null));

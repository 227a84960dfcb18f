-- What a night asks again and again, or at its end, by an index: it had gone through all submissions of a provider,
-- all answers of a task, all texts of a tenant.
create index submissions_created_idx on submissions (provider, creating_at) where mode = 'batch';

create index cache_entries_created_idx on cache_entries (namespace_id, created_at);

create index cache_entries_class_idx on cache_entries (namespace_id, answer_class collate "C") where source_key = item_key;

create index text_embeddings_used_idx on text_embeddings (tenant, model, used_at);

create index items_new_idx on items (run_id) where state = 'new';

create index submissions_leased_idx on submissions (lease_until) where lease_until is not null;

create index submissions_waiting_idx on submissions (not_before) where not_before is not null;

create index runs_alive_idx on runs (alive_until) where state = 'open';

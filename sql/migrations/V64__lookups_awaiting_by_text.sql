-- What else waits for the same answer.
create index semantic_lookups_awaiting_idx on semantic_lookups (namespace_id, item_key) where awaits_answer;

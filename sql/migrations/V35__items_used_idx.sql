-- How often an entry was used, for evicting those that save least.
create index items_used_idx on items (namespace_id, leader_key) where answered_by in ('exact_hit', 'semantic_hit');

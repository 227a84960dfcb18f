-- Whose paid answer a look-up was compared with: a follower's is its leader's. Copies that share one stand or fall
-- together. Null in look-ups from before.
alter table semantic_lookups
    add column answer_key text;

-- What else waits for the same answer.
create index semantic_lookups_awaiting_idx on semantic_lookups (namespace_id, item_key) where awaits_answer;

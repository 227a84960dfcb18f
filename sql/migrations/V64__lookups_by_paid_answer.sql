-- Which paid answer a look-up was compared with: whose, a follower's is its leader's, and when it was given. Copies
-- that share one stand or fall together. Null in look-ups from before.
alter table semantic_lookups
    add column answer_key  text,
    add column answered_at timestamptz;

-- What else waits for the same answer.
create index semantic_lookups_awaiting_idx on semantic_lookups (namespace_id, item_key) where awaits_answer;

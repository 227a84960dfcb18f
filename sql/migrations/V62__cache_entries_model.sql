-- Which model gave an answer, so that its answers can be forgotten wherever they came from: an imported entry has
-- no attempt here. A borrowed answer has its source's. Null in entries from before, of which the attempts say it:
-- to write it into each would enter each into the vector index again.
alter table cache_entries
    add column model text;

-- Which model gave an answer, so that its answers can be forgotten wherever they came from: an imported entry has
-- no attempt here. A borrowed answer has its source's; null where nobody knows.
alter table cache_entries
    add column model text;

update cache_entries e
set model = a.model
from attempts a
where a.item_key = e.source_key
  and a.state = 'succeeded';

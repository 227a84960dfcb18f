-- An election compares with leaders, of whom there are few: of a thousand copies of a text one. By the other index
-- it would read all thousand for each.
-- Bands of vectors have more bits than before, and the old ones would never meet the new.
delete from near_duplicate_bands
where band < 100;

alter table near_duplicate_bands
    add column is_leaders boolean not null default false;   -- whether its text leads, or did

update near_duplicate_bands b
set is_leaders = true
from misses m
where m.item_key = b.item_key
  and m.state in ('leader', 'asked');

create index near_duplicate_bands_leaders_idx on near_duplicate_bands (namespace_id, band, bits) where is_leaders;

drop index near_duplicate_bands_bucket_idx;

create index misses_elected_idx on misses (run_id, item_key) where state = 'candidate';

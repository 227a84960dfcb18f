-- When a vector was last wanted, within a day: what retention goes by, for one in daily use must not be made anew.
alter table text_embeddings
    add column used_at timestamptz;

update text_embeddings
set used_at = created_at;

alter table text_embeddings
    alter column used_at set not null;

-- A path of 2,900 bytes is longer than a row of an index may be (2,704), and one bad line below it stopped the run:
-- the key is over its hash.
alter table dead_letters
    drop constraint dead_letters_pkey,
    add column source_hash text not null generated always as (md5(source_uri)) stored,
    add constraint dead_letters_pkey primary key (run_id, source_hash, source_position);

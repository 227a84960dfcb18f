-- Locality-sensitive hashes of the candidates' embeddings: two texts are compared only if they share a
-- band, so that finding near-duplicates does not compare every pair.
create table near_duplicate_bands (
    item_key      text not null,
    namespace_id  bigint not null,
    band          smallint not null,
    bits          integer not null,
    constraint near_duplicate_bands_pkey primary key (item_key, band),
    constraint near_duplicate_bands_miss_fkey foreign key (item_key) references misses on delete cascade
);

create index near_duplicate_bands_bucket_idx on near_duplicate_bands (namespace_id, band, bits);

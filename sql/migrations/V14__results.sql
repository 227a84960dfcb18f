-- The answer each document got. An answer that several documents share is stored for each of them, so
-- that reading results needs no join.
create table results (
    run_id         text not null,
    document_id    text not null,
    item_key       text not null,
    source_key     text not null,               -- the item key whose attempt produced this answer
    answer         jsonb not null,
    output_tokens  integer not null,
    created_at     timestamptz not null,
    constraint results_pkey primary key (run_id, document_id),
    constraint results_item_fkey foreign key (run_id, document_id) references items
);

-- Input that could not become an item. Nothing is dropped silently: each line, row or file that was
-- refused is here with a code, where it stood and what was expected.
create table dead_letters (
    run_id           text not null,
    source_uri       text not null,
    source_position  bigint not null,           -- line of a JSONL file, record of a CSV file, 0 for a whole file
    document_id      text,
    code             text not null,
    reason           text not null,
    created_at       timestamptz not null,
    constraint dead_letters_pkey primary key (run_id, source_uri, source_position),
    constraint dead_letters_run_fkey foreign key (run_id) references runs
);

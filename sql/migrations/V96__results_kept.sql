-- Whether a document's answer is one of a former version of its task; source_key is then that version's.
alter table results
    add column kept text,
    add constraint results_kept_is_known check (kept in ('unaffected', 'by_request'));

create index results_kept_idx on results (run_id) where kept is not null;

-- Where the quotes of an answer stand in its document, in code points from 0; with what stands around them, so that
-- a person can judge them without the corpus.
create table answer_quotes (
    custom_id     text not null,
    namespace_id  bigint not null,
    place         text not null,                -- in the answer, as $.quotes[0]
    field         text not null,                -- of the document's; empty for its text
    starts_at     integer not null,
    ends_at       integer not null,
    page          integer,                      -- from 1, of a text with page breaks
    is_exact      boolean not null,             -- else the model's words were put right to the document's
    before        text not null,
    quote         text not null,
    after         text not null,
    constraint answer_quotes_pkey primary key (custom_id, place),
    constraint answer_quotes_attempt_fkey foreign key (custom_id) references attempts (custom_id),
    constraint answer_quotes_namespace_fkey foreign key (namespace_id) references namespaces (namespace_id),
    constraint answer_quotes_starts_before_it_ends check (starts_at >= 0 and starts_at < ends_at)
);

create index answer_quotes_namespace_idx on answer_quotes (namespace_id);

alter table answer_quotes enable row level security;

create policy one_tenant on answer_quotes to nightjar_job
    using (namespace_id in (select n.namespace_id from namespaces n where n.tenant = current_tenant()));

create policy one_tenant_or_all on answer_quotes for select to nightjar_reports
    using (namespace_id in (select n.namespace_id from namespaces n where is_visible(n.tenant)));

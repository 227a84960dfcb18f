-- Answers that people have given, or have found right: they stand above any model's. Each holds the fields that it
-- speaks of, and no others.
create table gold_answers (
    tenant       text not null,
    task         text not null,
    document_id  text not null,
    answer       jsonb not null,
    given_by     text not null,               -- 'file': for a share of documents that speaks for all; 'person': for one that was looked at
    is_in_file   boolean not null,            -- also if a person has said otherwise since: it still speaks for all
    source       text not null,               -- which file, or who
    labelled_at  timestamptz not null,
    constraint gold_answers_pkey primary key (tenant, task, document_id),
    constraint gold_answers_given_by_is_known check (given_by in ('file', 'person')),
    constraint gold_answers_answer_is_an_object check (jsonb_typeof(answer) = 'object')
);

alter table gold_answers enable row level security;

create policy one_tenant on gold_answers to nightjar_job using (tenant = current_tenant());

create policy one_tenant_or_all on gold_answers for select to nightjar_reports using (is_visible(tenant));

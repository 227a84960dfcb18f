-- What a model said that was paid for and will not do: kept for a time, so that a reason can be looked at the next
-- morning. As a JSON string, as in raw_answers, whose rows wait to be judged and these do not.
create table rejected_answers (
    custom_id     text not null,
    namespace_id  bigint not null,
    answer        text not null,
    rejected_at   timestamptz not null,
    constraint rejected_answers_pkey primary key (custom_id),
    constraint rejected_answers_attempt_fkey foreign key (custom_id) references attempts (custom_id),
    constraint rejected_answers_namespace_fkey foreign key (namespace_id) references namespaces (namespace_id)
);

create index rejected_answers_namespace_idx on rejected_answers (namespace_id, rejected_at);

alter table rejected_answers enable row level security;

create policy one_tenant on rejected_answers to nightjar_job
    using (namespace_id in (select n.namespace_id from namespaces n where n.tenant = current_tenant()));

create policy one_tenant_or_all on rejected_answers for select to nightjar_reports
    using (namespace_id in (select n.namespace_id from namespaces n where is_visible(n.tenant)));

-- What a model said that could not be judged: it is booked, and kept so that 'collect' judges it again when what
-- was wrong with the judging is mended, without a second request. As a JSON string, for a text column holds no NUL
-- and no half character. A row goes when its answer is judged.
create table raw_answers (
    custom_id     text not null,
    namespace_id  bigint not null,
    answer        text not null,
    constraint raw_answers_pkey primary key (custom_id),
    constraint raw_answers_attempt_fkey foreign key (custom_id) references attempts (custom_id),
    constraint raw_answers_namespace_fkey foreign key (namespace_id) references namespaces (namespace_id)
);

create index raw_answers_namespace_idx on raw_answers (namespace_id, custom_id);

alter table raw_answers enable row level security;

create policy one_tenant on raw_answers to nightjar_job
    using (namespace_id in (select n.namespace_id from namespaces n where n.tenant = current_tenant()));

create policy one_tenant_or_all on raw_answers for select to nightjar_reports
    using (namespace_id in (select n.namespace_id from namespaces n where is_visible(n.tenant)));

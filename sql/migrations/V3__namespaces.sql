-- Answers are reused only inside one namespace: same tenant, same task version, same embedding model.
create table namespaces (
    namespace_id      bigint generated always as identity,
    tenant            text not null,
    task_fingerprint  text not null,
    embedding_model   text not null,
    created_at        timestamptz not null,
    constraint namespaces_pkey primary key (namespace_id),
    constraint namespaces_natural_key unique (tenant, task_fingerprint, embedding_model),
    constraint namespaces_task_fkey foreign key (task_fingerprint) references tasks
);

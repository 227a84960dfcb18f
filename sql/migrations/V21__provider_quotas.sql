-- Enqueued-token limits that a provider has told us by refusing a batch. They differ by account and are
-- published nowhere, so that the first refusal teaches the packer and the queue. After a refusal nothing is
-- sent to that model before hold_until: others of the same account may fill its queue too.
create table provider_quotas (
    provider             text not null,
    model                text not null,
    enqueued_tokens_max  bigint,
    hold_until           timestamptz not null,
    learnt_at            timestamptz not null,
    constraint provider_quotas_pkey primary key (provider, model),
    constraint provider_quotas_is_positive check (enqueued_tokens_max > 0)
);

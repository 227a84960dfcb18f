-- Batches that a provider has for us and that no submission knows: sent after the backup that was put back, or
-- created by a worker that had lost its lease. The former are read before their provider is sent anything else, so
-- that what they answer is not bought again; what nobody asks for any more is unknown spend.
create table stray_batches (
    provider           text not null,
    account            text not null,
    provider_batch_id  text not null,
    holds              boolean not null,        -- whether its provider is sent nothing meanwhile
    state              text not null,
    created_at         timestamptz not null,    -- by the provider's clock
    found_at           timestamptz not null,
    ended_seen_at      timestamptz,
    read_at            timestamptz,
    constraint stray_batches_pkey primary key (provider, provider_batch_id),
    constraint stray_batches_state_is_known check (state in ('working', 'read')),
    constraint stray_batches_read_has_time check ((state = 'read') = (read_at is not null))
);

create index stray_batches_working_idx on stray_batches (provider) where state = 'working';

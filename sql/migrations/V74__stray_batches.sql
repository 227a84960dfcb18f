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

-- What a stray batch was billed for, one row a request, at our prices.
create table stray_charges (
    provider           text not null,
    provider_batch_id  text not null,
    custom_id          text not null,
    model              text not null,
    billed_at          timestamptz not null,
    price_id           bigint not null,
    usd                numeric not null,
    submission_id      text,            -- the one that takes its answer over
    resolved_at        timestamptz,     -- when a person has said what the invoice says
    constraint stray_charges_pkey primary key (provider, provider_batch_id, custom_id),
    constraint stray_charges_batch_fkey foreign key (provider, provider_batch_id) references stray_batches,
    constraint stray_charges_price_fkey foreign key (price_id) references prices,
    constraint stray_charges_submission_fkey foreign key (submission_id) references submissions,
    constraint stray_charges_is_not_negative check (usd >= 0)
);

create index stray_charges_free_idx on stray_charges (custom_id) where submission_id is null and resolved_at is null;

-- Which accounts are yet to be asked for stray batches after a backup was put back. The row without a provider
-- says that there was a restore: an account that comes later has to be asked, too.
create table reconciliations (
    provider       text not null,
    account        text not null,
    restored_at    timestamptz not null,
    reconciled_at  timestamptz,
    constraint reconciliations_pkey primary key (provider, account)
);

insert into submission_transitions (from_state, to_state, meaning)
values ('planned', 'in_progress', 'a stray batch is taken over: the provider has had it before');

-- Its requests may belong to several runs, each of which takes its own over.
alter table submissions
    add column adopted boolean not null default false,
    drop constraint submissions_provider_batch_key;

create unique index submissions_provider_batch_idx on submissions (provider, provider_batch_id) where not adopted;

-- A model's name without its version, which some providers add when they answer.
create function unversioned_model(model text) returns text
    language sql
    immutable
as $$
    select regexp_replace($1, '-(\d{8}|\d{4}-\d{2}-\d{2}|\d{3}|preview-\d{2}-\d{4}|latest)$', '')
$$;

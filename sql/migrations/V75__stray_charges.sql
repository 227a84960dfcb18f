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

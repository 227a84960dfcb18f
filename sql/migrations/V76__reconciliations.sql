-- Which accounts are yet to be asked for stray batches after a backup was put back. The row without a provider
-- says that there was a restore: an account that comes later has to be asked, too.
create table reconciliations (
    provider       text not null,
    account        text not null,
    restored_at    timestamptz not null,
    reconciled_at  timestamptz,
    constraint reconciliations_pkey primary key (provider, account)
);

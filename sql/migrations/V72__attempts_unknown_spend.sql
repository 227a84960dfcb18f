-- Answers without a usage, which a provider bills and does not count, and what people have found out about unknown
-- spend: resolved against an invoice it is in the ledger, or was nothing.
alter table attempts
    add column usage_unknown boolean not null default false,
    add column spend_resolved_at timestamptz;

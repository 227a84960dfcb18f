-- By which key and address a submission went to its provider (a keyed hash, from which neither can be had), and
-- what the provider's clock showed when its create was first and last intended. Under another key a batch may not
-- be visible that is there, and our own clock may be set between two looks: neither may count as "not created".
alter table submissions
    add column account text,
    add column provider_creating_at timestamptz,
    add column provider_renewed_at timestamptz;

update submissions
set provider_creating_at = creating_at,
    provider_renewed_at = creating_at
where creating_at is not null;

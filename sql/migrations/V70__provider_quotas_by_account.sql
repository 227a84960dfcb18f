-- A limit is an account's: what one has learnt is not another's, whose keys may be of another tenant.
alter table provider_quotas add column account text not null default '';

alter table provider_quotas drop constraint provider_quotas_pkey;

alter table provider_quotas add constraint provider_quotas_pkey primary key (provider, model, account);

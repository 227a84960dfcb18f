-- A submission that takes the answers of a stray batch over begins where the provider already has it.
insert into submission_transitions (from_state, to_state, meaning)
values ('planned', 'in_progress', 'a stray batch is taken over: the provider has had it before');

-- Its requests may belong to several runs, each of which takes its own over.
alter table submissions
    add column adopted boolean not null default false,
    drop constraint submissions_provider_batch_key;

create unique index submissions_provider_batch_idx on submissions (provider, provider_batch_id) where not adopted;

-- What the state machine needs beside the state: who holds a submission, when it may be tried next, how the
-- provider ended it. lease_owner names one claim, not one worker: whoever holds an older name has lost it.
alter table submissions
    add column ending               text;

-- A night that was interrupted before this migration.
update submissions
set ending = 'completed'
where state = 'ended';

alter table submissions
    add column mode                 text not null default 'batch',
    add column came_from            text,
    add column prompt_tokens        bigint not null default 0,   -- estimate; counts against enqueued-token quotas
    add column lease_owner          text,
    add column lease_until          timestamptz,
    add column tries                smallint not null default 0,
    add column not_before           timestamptz,
    add column uploading_at         timestamptz,
    add column cancel_requested_at  timestamptz,
    drop constraint submissions_state_is_known,
    drop constraint submissions_failed_says_why,
    add constraint submissions_transition_is_legal foreign key (came_from, state) references submission_transitions (from_state, to_state),
    add constraint submissions_mode_is_known check (mode in ('batch', 'online')),
    add constraint submissions_failed_says_why check (state <> 'failed' or failure_code is not null),
    add constraint submissions_ending_is_known check (ending in ('completed', 'expired', 'cancelled', 'failed')),
    add constraint submissions_ended_says_how check (state not in ('ended', 'expired') or ending is not null),
    add constraint submissions_lease_is_whole check ((lease_owner is null) = (lease_until is null)),
    add constraint submissions_lease_ends_with_the_work check (lease_owner is null or state in ('planned', 'uploading', 'creating', 'in_progress', 'ended'));

drop index submissions_open_idx;

create index submissions_open_idx
    on submissions (namespace_id)
    where state in ('planned', 'uploading', 'creating', 'in_progress', 'ended');

create index submissions_queue_idx
    on submissions (provider, model)
    where state in ('uploading', 'creating', 'in_progress');

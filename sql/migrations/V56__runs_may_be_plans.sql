-- A run may be a plan only: it goes through everything up to the spend and is then removed. To every other run
-- it is a run that nobody drives: what it holds is theirs to take. It funds nothing, and no report shows it.
alter table runs
    drop constraint runs_state_is_known,
    add constraint runs_state_is_known check (state in ('planning', 'open', 'finished'));

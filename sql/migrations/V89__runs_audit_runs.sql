-- What is the delivered answer worth? Some documents, drawn before anything is known of them, are also asked at the
-- task's reference. They are a run of their own beside the night, of a task of its own; it says here which night it
-- looks at. Pass 1 is the reference, pass 2 the reference asked once more, which bounds what agreement can be had.
alter table runs
    add column audits_run_id text,
    add column audit_pass smallint,
    add constraint runs_audits_run_fkey foreign key (audits_run_id) references runs (run_id),
    add constraint runs_audit_is_whole check ((audits_run_id is null) = (audit_pass is null)),
    add constraint runs_audit_pass_is_known check (audit_pass in (1, 2));

create index runs_audits_run_idx on runs (audits_run_id) where audits_run_id is not null;

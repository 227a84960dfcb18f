-- Why a submission is to be cancelled at its provider: SUBMISSION_CANCELLED by an operator, and then its
-- requests are not asked again; DEADLINE_NEAR to ask them online, and then they are, whenever it ends.
alter table submissions
    add column cancel_reason text;

update submissions
set cancel_reason = 'SUBMISSION_CANCELLED'
where cancel_requested_at is not null;

alter table submissions
    add constraint submissions_cancel_says_why check ((cancel_requested_at is null) = (cancel_reason is null));

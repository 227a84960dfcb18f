-- Requests of online submissions. The row is committed before the request is sent: one without a response
-- after its worker is gone may have been billed, and is never sent again to a provider that bills.
create table online_requests (
    custom_id        text not null,
    submission_id    text not null,
    asked_at         timestamptz not null,
    response_status  smallint,
    response_body    text,
    answered_at      timestamptz,
    constraint online_requests_pkey primary key (custom_id),
    constraint online_requests_attempt_fkey foreign key (custom_id) references attempts,
    constraint online_requests_answered_is_whole check ((response_status is null) = (answered_at is null) and (response_status is null) = (response_body is null))
);

create index online_requests_submission_idx on online_requests (submission_id);

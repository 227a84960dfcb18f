-- The name under which a provider keeps the answer to a request that was asked in the background: a process that
-- dies between the question and the answer leaves nothing unknown then.
alter table online_requests
    add column response_id text;

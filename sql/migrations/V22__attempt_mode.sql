-- How an attempt is asked, which decides its price: in a batch, or online, one request at a time, where a
-- server has no batches or a deadline nears.
alter table attempts
    add column mode text not null default 'batch',
    add constraint attempts_mode_is_known check (mode in ('batch', 'online'));

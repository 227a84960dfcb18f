-- An attempt is worked out before there is money for it: 'unfunded' ones hold nothing of a budget and are
-- never packed. Those worth most a dollar are funded first. billed_at is set once, with the charge, and the
-- ledger refers to it: that is what keeps charges one an attempt now that the ledger lies in months.
drop view if exists cost_by_task, cost_by_tier, semantic_cache_risk, cache_statistics, run_balance_check,
    cost_by_run, item_costs;

drop function list_cost_usd;   -- twice as dear as the join that the views make now

alter table attempts
    add column priority         numeric not null default 0,    -- what the document says of itself; higher goes first
    add column cheaper          jsonb,                         -- while unfunded: what it may become if no budget pays for its tier
    add column downgraded_from  text,                          -- the tier that no budget would pay
    add column billed_at        timestamptz,
    drop constraint attempts_state_is_known,
    add constraint attempts_state_is_known check (state in ('unfunded', 'planned', 'submitted', 'succeeded', 'rejected', 'errored')),
    add constraint attempts_billed_was_submitted check (billed_at is null or state in ('succeeded', 'rejected', 'errored'));

update attempts a
set billed_at = l.billed_at
from ledger l
where l.custom_id = a.custom_id;

alter table attempts
    add constraint attempts_billed_key unique (custom_id, billed_at);

create index attempts_unfunded_idx on attempts (namespace_id, run_id, item_key) where state = 'unfunded';

create index attempts_unknown_idx on attempts (run_id) where failure_code = 'OUTCOME_UNKNOWN';

-- alive_until is renewed while a process drives the run: what a run holds but has not asked may be taken
-- over only after it. unknown_usd is the worst case of online requests whose outcome nobody can tell; it
-- stays committed against the budget and is not in the ledger.
alter table runs
    add column alive_until  timestamptz,
    add column unknown_usd  numeric not null default 0,
    add constraint runs_unknown_is_not_negative check (unknown_usd >= 0);

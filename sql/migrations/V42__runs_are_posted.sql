-- What a run assumes of an unoptimised answer's length and of its machine's price, and when its books were
-- posted: from then on reports read the posted lines instead of working them out again. A late charge takes
-- it back until the run is posted anew.
alter table runs
    add column uncapped_output_tokens  integer,
    add column machine_usd_per_hour    numeric not null default 0,
    add column posted_at               timestamptz,
    add constraint runs_assumptions_are_positive check (uncapped_output_tokens > 0 and machine_usd_per_hour >= 0),
    add constraint runs_posted_is_finished check (posted_at is null or state = 'finished');

create index items_leader_idx on items (run_id, leader_key);

create index runs_unposted_idx on runs (run_id) where posted_at is null;

-- What the roles may do with the tables and views; see roles.sql for who they are.
grant usage on schema nightjar to nightjar_job, nightjar_analyst;

grant select, insert, update, delete on all tables in schema nightjar to nightjar_job;
revoke update, delete on ledger from nightjar_job;
revoke insert, update, delete on flyway_schema_history, submission_transitions, tasks, namespaces from nightjar_job;
grant usage on all sequences in schema nightjar to nightjar_job;
alter default privileges in schema nightjar grant select, insert, update, delete on tables to nightjar_job;
alter default privileges in schema nightjar grant usage on sequences to nightjar_job;

grant select on
    item_costs, cost_by_run, cost_by_tier, cost_by_task, run_progress, run_balance_check, open_submissions,
    unknown_spend, semantic_cache_risk, cache_statistics, prices, ledger
to nightjar_analyst;

-- What the roles may do with the tables and views; see roles.sql for who they are.
grant usage on schema nightjar to nightjar_job, nightjar_reports, nightjar_analyst;
grant create on schema nightjar to nightjar_reports;   -- which PostgreSQL wants of whoever is to own the views
grant usage on schema nightjar_answers to nightjar_job, nightjar_reports, nightjar_answers;
grant create on schema nightjar_answers to nightjar_reports;

grant select, insert, update, delete on all tables in schema nightjar to nightjar_job;
revoke update, delete on ledger from nightjar_job;
revoke insert, update, delete on flyway_schema_history, submission_transitions, tasks, namespaces, prices, price_factors, budgets,
    self_host_offers, answer_views from nightjar_job;
grant execute on function refresh_statistics, register_namespace, add_month, make_answers_view to nightjar_job;
grant usage on all sequences in schema nightjar to nightjar_job;
alter default privileges in schema nightjar grant select, insert, update, delete on tables to nightjar_job;
alter default privileges in schema nightjar grant usage on sequences to nightjar_job;

grant select on all tables in schema nightjar to nightjar_reports;
alter default privileges in schema nightjar grant select on tables to nightjar_reports;

do $$
declare
    report text;
begin
    for report in select viewname from pg_views where schemaname = 'nightjar' loop
        execute format('alter view %I owner to nightjar_reports', report);
        execute format('grant select on %I to nightjar_job, nightjar_analyst', report);
    end loop;
end
$$;

grant select on prices, price_factors, self_host_offers to nightjar_analyst;

-- A partition read by its own name would show all tenants.
do $$
declare
    month regclass;
begin
    for month in
        select i.inhrelid::regclass
        from pg_inherits i
        where i.inhparent in ('ledger'::regclass, 'posted_item_costs'::regclass)
    loop
        execute format('revoke all on %s from nightjar_job, nightjar_reports, nightjar_analyst', month);
    end loop;
end
$$;

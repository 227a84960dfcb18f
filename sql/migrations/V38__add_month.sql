-- Makes the partition of one month, if it is not there. Whoever can read a partition by its own name reads
-- past the policies of its parent, so nobody may: it is reached through the parent only.
create function add_month(p_table text, p_at timestamptz) returns void
    language plpgsql
    security definer
    set search_path = nightjar, public, pg_temp
as $$
declare
    first_day  date := date_trunc('month', p_at at time zone 'UTC');
    month_name text := p_table || to_char(first_day, '"_"YYYY"_"MM');
begin
    if p_table not in ('ledger', 'posted_item_costs') then
        raise exception '% is not kept by month', p_table;
    end if;
    if exists (select from pg_class where relname = month_name and relnamespace = 'nightjar'::regnamespace) then
        return;
    end if;
    perform pg_advisory_xact_lock(hashtext('nightjar add month'));
    -- Looked up in the table: names are cached, and waiting for this lock does not refresh them.
    if not exists (select from pg_class where relname = month_name and relnamespace = 'nightjar'::regnamespace) then
        execute format(
            'create table %I partition of %I for values from (%L) to (%L)',
            month_name, p_table, first_day::timestamp at time zone 'UTC', (first_day + interval '1 month') at time zone 'UTC');
        execute format('alter table %I enable row level security', month_name);
        execute format('revoke all on %I from nightjar_job, nightjar_reports, nightjar_analyst', month_name);
    end if;
end
$$;

revoke all on function add_month from public;

-- When the period of a budget began that a moment lies in.
create function budget_period_start(p_period text, p_at timestamptz) returns timestamptz
    language sql
    stable
return case p_period when 'total' then '-infinity' else date_trunc(p_period, p_at, 'UTC') end;

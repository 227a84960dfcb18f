-- log(n!), by Stirling's series: to 1e-9 from n = 1 on.
create function log_factorial(n double precision) returns double precision
    language sql
    immutable
return case when n < 1 then 0 else
    (n + 0.5) * ln(n) - n + 0.5 * ln(2 * pi()) + 1 / (12 * n) - 1 / (360 * n ^ 3) + 1 / (1260 * n ^ 5) - 1 / (1680 * n ^ 7) end;

-- Between which bounds does a share lie of which some of a number of draws were seen? The interval may be looked at
-- as often as one likes and after any night, and holds with the confidence at all looks together: the uniform
-- mixture of likelihood ratios is a martingale under the true share (Robbins 1970; Ville 1939). Wider than an
-- interval for one look by about a half.
create function share_interval(p_seen bigint, p_drawn bigint, p_confidence double precision, out low double precision, out high double precision)
    language plpgsql
    immutable
as $$
declare
    -- Of p in the interval the mixture's ratio stays below 1 / (1 - confidence).
    least double precision;
    inside double precision;
    outside double precision;
    p double precision;
begin
    if p_drawn = 0 then
        low := 0;
        high := 1;
        return;
    end if;
    least := ln(1 - p_confidence) - ln(p_drawn + 1.0) - (log_factorial(p_drawn) - log_factorial(p_seen) - log_factorial(p_drawn - p_seen));
    for side in 0..1 loop
        inside := p_seen::double precision / p_drawn;
        outside := side;
        for step in 1..50 loop
            p := (inside + outside) / 2;
            if p_seen * ln(greatest(p, 1e-300)) + (p_drawn - p_seen) * ln(greatest(1 - p, 1e-300)) > least then
                inside := p;
            else
                outside := p;
            end if;
        end loop;
        if side = 0 then
            low := case when p_seen = 0 then 0 else outside end;
        else
            high := case when p_seen = p_drawn then 1 else outside end;
        end if;
    end loop;
end
$$;

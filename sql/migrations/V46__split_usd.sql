-- The part of an amount that falls to somebody with p_weight, after others with p_before, of p_total in all.
-- Marks are cut at 1e-15 dollars and each part lies between two marks: whatever the weights, the parts of
-- everybody add up to the amount, to the last digit.
create function split_usd(p_usd numeric, p_before numeric, p_weight numeric, p_total numeric)
    returns numeric
    language sql
    immutable
return case when p_before + p_weight >= p_total then p_usd else trunc(p_usd * (p_before + p_weight) / p_total, 15) end
    - case when p_before >= p_total then p_usd else trunc(p_usd * p_before / p_total, 15) end;

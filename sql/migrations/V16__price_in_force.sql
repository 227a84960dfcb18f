-- The price row for a request billed at a moment: the newest date not after it, then the largest size
-- band that the request exceeds.
create function price_in_force(p_provider text, p_model text, p_billed_at timestamptz, p_input_tokens bigint)
    returns setof prices
    language sql
    stable
    rows 1
as $$
    select p.*
    from prices p
    where p.provider = p_provider
      and p.model = p_model
      and p.input_tokens_above < greatest(p_input_tokens, 1)
      and p.effective_from = (
          select max(q.effective_from)
          from prices q
          where q.provider = p_provider
            and q.model = p_model
            and q.effective_from <= p_billed_at)
    order by p.input_tokens_above desc
    limit 1
$$;

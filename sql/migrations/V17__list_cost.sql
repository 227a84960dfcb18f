-- What a plain request would cost at list price: no batch, no prompt caching. Null if no price is known.
create function list_cost_usd(p_provider text, p_model text, p_at timestamptz, p_input_tokens bigint, p_output_tokens bigint)
    returns numeric
    language sql
    stable
as $$
    select (p_input_tokens * p.input_usd + p_output_tokens * p.output_usd) * 0.000001
    from price_in_force(p_provider, p_model, p_at, p_input_tokens) p
$$;

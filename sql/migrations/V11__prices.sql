-- USD per million tokens, by date and by size of the request. A request whose input exceeds
-- input_tokens_above is priced wholly by that row (long-context repricing). Cache writes have a short and
-- a long time to live (OpenAI 30 minutes and 12 hours, Anthropic 5 minutes and 1 hour).
create table prices (
    price_id                    bigint generated always as identity,
    provider                    text not null,
    model                       text not null,
    effective_from              timestamptz not null,
    input_tokens_above          integer not null,
    input_usd                   numeric not null,
    cached_input_usd            numeric not null,
    cache_write_usd             numeric not null,
    cache_write_long_usd        numeric not null,
    output_usd                  numeric not null,
    batch_input_usd             numeric not null,
    batch_cached_input_usd      numeric not null,
    batch_cache_write_usd       numeric not null,
    batch_cache_write_long_usd  numeric not null,
    batch_output_usd            numeric not null,
    source                      text not null,
    constraint prices_pkey primary key (price_id),
    constraint prices_natural_key unique (provider, model, effective_from, input_tokens_above),
    constraint prices_are_positive check (input_usd > 0 and output_usd > 0 and batch_input_usd > 0 and batch_output_usd > 0)
);

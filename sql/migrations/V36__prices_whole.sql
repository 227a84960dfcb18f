-- What a price list says beside the five rates: reasoning tokens where they cost other than output, the rent
-- of an explicit cache, and the limits that a plan must know. Null means nobody has stated it.
alter table prices
    add column reasoning_usd           numeric,
    add column batch_reasoning_usd     numeric,
    add column cache_storage_usd_hour  numeric not null default 0,   -- USD an hour per million tokens kept
    add column cacheable_tokens_min    integer,
    add column context_tokens_max      integer,
    add column output_tokens_max       integer;

update prices
set reasoning_usd = output_usd, batch_reasoning_usd = batch_output_usd;

alter table prices
    alter column reasoning_usd set not null,
    alter column batch_reasoning_usd set not null,
    add constraint prices_reasoning_is_positive check (reasoning_usd > 0 and batch_reasoning_usd > 0),
    add constraint prices_classes_are_not_negative check (least(
        cached_input_usd, cache_write_usd, cache_write_long_usd, batch_cached_input_usd, batch_cache_write_usd,
        batch_cache_write_long_usd, cache_storage_usd_hour, input_tokens_above) >= 0),
    add constraint prices_limits_are_positive check (least(cacheable_tokens_min, context_tokens_max, output_tokens_max) > 0);

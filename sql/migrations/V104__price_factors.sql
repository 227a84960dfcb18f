-- What a service sells at another price than the list, or the batch price: flex at the batch price, answers within
-- some hours at a part of the list price, answers computed in one region at more than what was asked for costs.
create table price_factors (
    provider        text not null,
    service         text not null,
    effective_from  timestamptz not null,
    basis           text not null,
    factor          numeric not null,
    source          text not null,
    constraint price_factors_pkey primary key (provider, service, effective_from),
    constraint price_factors_basis_is_known check (basis in ('asked', 'batch')),
    constraint price_factors_are_positive check (factor > 0)
);

comment on table price_factors is
    'A row says what is charged for a service: the price of how it was asked, or of a batch, times the factor. Services are
as answers name them (attempts.service_tier): OpenAI and Gemini their tier, Anthropic its inference_geo; the windows of
OpenAI''s background answers are named by what was asked for.';

insert into price_factors (provider, service, effective_from, basis, factor, source)
values
    ('openai', 'flex', '2025-04-17Z', 'batch', 1, 'developers.openai.com/api/docs/guides/flex-processing'),
    ('openai', 'background_2h', '2026-11-17Z', 'asked', 0.7, 'developers.openai.com/api/docs/guides/flex-processing and background'),
    ('openai', 'background_8h', '2026-11-17Z', 'asked', 0.6, 'developers.openai.com/api/docs/guides/flex-processing and background'),
    ('gemini', 'flex', '2026-01-01Z', 'batch', 1, 'ai.google.dev/gemini-api/docs/flex-inference'),
    ('anthropic', 'us', '2026-01-01Z', 'asked', 1.1, 'platform.claude.com, inference_geo us');

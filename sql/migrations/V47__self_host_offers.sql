-- Machines that one could rent instead of paying by the token, with the throughput measured on them: what the
-- view self_host_break_even compares the bill with.
create table self_host_offers (
    offer                      text not null,
    gpu_usd_per_hour           numeric not null,
    input_tokens_per_second    numeric not null,
    output_tokens_per_second   numeric not null,
    source                     text not null,           -- where the figures come from
    measured_at                timestamptz not null,
    constraint self_host_offers_pkey primary key (offer),
    constraint self_host_offers_are_positive check (least(gpu_usd_per_hour, input_tokens_per_second, output_tokens_per_second) > 0)
);

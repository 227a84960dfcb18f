-- What is the delivered answer worth? Some documents, drawn before anything is known of them, are also asked at the
-- task's reference. They are a run of their own beside the night, of a task of its own; it says here which night it
-- looks at. Pass 1 is the reference, pass 2 the reference asked once more, which bounds what agreement can be had.
alter table runs
    add column audits_run_id text,
    add column audit_pass smallint,
    add constraint runs_audits_run_fkey foreign key (audits_run_id) references runs (run_id),
    add constraint runs_audit_is_whole check ((audits_run_id is null) = (audit_pass is null)),
    add constraint runs_audit_pass_is_known check (audit_pass in (1, 2));

create index runs_audits_run_idx on runs (audits_run_id) where audits_run_id is not null;

-- Answers that people have given, or have found right: they stand above any model's. Each holds the fields that it
-- speaks of, and no others.
create table gold_answers (
    tenant       text not null,
    task         text not null,
    document_id  text not null,
    answer       jsonb not null,
    given_by     text not null,               -- 'file': for a share of documents that speaks for all; 'person': for one that was looked at
    source       text not null,               -- which file, or who
    labelled_at  timestamptz not null,
    constraint gold_answers_pkey primary key (tenant, task, document_id),
    constraint gold_answers_given_by_is_known check (given_by in ('file', 'person')),
    constraint gold_answers_answer_is_an_object check (jsonb_typeof(answer) = 'object')
);

alter table gold_answers enable row level security;

create policy one_tenant on gold_answers to nightjar_job using (tenant = current_tenant());

create policy one_tenant_or_all on gold_answers for select to nightjar_reports using (is_visible(tenant));

-- One comparison of an answer that a night delivered with what it should have been. mechanisms says by what the
-- answer was had more cheaply than by asking the reference, as in savings_waterfall; empty if by nothing. What the
-- reference said twice stands here, too, as its first pass compared with its second.
create table audits (
    run_id            text not null,
    document_id       text not null,
    compared_with     text not null,
    namespace_id      bigint not null,
    item_key          text not null,
    reference_run_id  text,
    mechanisms        text[] not null,
    tier              text,
    agrees            boolean not null,
    differing_fields  text[] not null,
    compared_at       timestamptz not null,
    constraint audits_pkey primary key (run_id, document_id, compared_with),
    constraint audits_item_fkey foreign key (run_id, document_id) references items (run_id, document_id),
    constraint audits_namespace_fkey foreign key (namespace_id) references namespaces (namespace_id),
    constraint audits_reference_run_fkey foreign key (reference_run_id) references runs (run_id),
    constraint audits_compared_with_is_known check (compared_with in ('reference', 'gold')),
    constraint audits_reference_says_where check ((compared_with = 'reference') = (reference_run_id is not null)),
    constraint audits_differing_says_where check (agrees = (differing_fields = '{}'))
);

create index audits_namespace_idx on audits (namespace_id, compared_at);

alter table audits enable row level security;

create policy one_tenant on audits to nightjar_job
    using (namespace_id = any (array(select n.namespace_id from namespaces n where n.tenant = current_tenant())));

create policy one_tenant_or_all on audits for select to nightjar_reports
    using (namespace_id = any (array(select n.namespace_id from namespaces n where is_visible(n.tenant))));

-- An audit saves nothing and costs: its baseline is 0, for an unoptimised night has none.
alter table posted_item_costs add column saved_by_audit_usd numeric;

update posted_item_costs set saved_by_audit_usd = 0;

alter table posted_item_sums add column saved_by_audit_usd numeric not null default 0;

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

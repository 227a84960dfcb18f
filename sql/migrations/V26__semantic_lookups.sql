-- One row for each text that was looked up by likeness in a run: what was found, what was decided and
-- on which grounds. Once the text itself has been asked, whether the neighbour's answer would have done.
create table semantic_lookups (
    lookup_id       bigint generated always as identity,
    namespace_id    bigint not null,
    run_id          text not null,
    item_key        text not null,
    source_key      text,                       -- the neighbour whose answer was or would be borrowed; null if none is near
    similarity      real,                       -- cosine to it
    score           real not null,              -- its vote, in [0, 1]; the cosine where the task sets the threshold itself
    threshold       real not null,              -- least score for a hit; 2 while there is no evidence
    error_bound     real,                       -- Clopper and Pearson's bound on the errors of hits in the evidence; null without
    decision        text not null,
    veto            text,                       -- the guard that refused
    is_sampled      boolean not null,           -- drawn to be asked whatever the score, before anything was looked at
    policy          text not null,              -- digest of what decides and compares: evidence of another policy does not count
    is_right        boolean,                    -- whether the neighbour's answer equals the text's own; null until that is known
    looked_up_at    timestamptz not null,
    verified_at     timestamptz,
    awaits_answer   boolean not null,           -- whether it can still be compared
    constraint semantic_lookups_pkey primary key (lookup_id),
    constraint semantic_lookups_once_a_run unique (run_id, item_key),
    constraint semantic_lookups_run_fkey foreign key (run_id) references runs,
    constraint semantic_lookups_namespace_fkey foreign key (namespace_id) references namespaces,
    constraint semantic_lookups_decision_is_known check (decision in ('hit', 'shadow', 'miss', 'vetoed')),
    constraint semantic_lookups_found_is_whole check ((source_key is null) = (similarity is null)),
    constraint semantic_lookups_veto_says_which check ((decision = 'vetoed') = (veto is not null)),
    constraint semantic_lookups_verified_has_time check ((is_right is null) = (verified_at is null))
);

create index semantic_lookups_evidence_idx on semantic_lookups (namespace_id, verified_at, lookup_id) where is_sampled and is_right is not null;

create index semantic_lookups_unverified_idx on semantic_lookups (namespace_id, lookup_id) where awaits_answer;

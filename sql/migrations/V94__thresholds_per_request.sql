-- Whether max_error is a share of all texts looked up, as vCache counts, or of hits.
alter table semantic_thresholds
    add column is_per_request boolean not null default false;

-- Vectors by content, so that no text is embedded twice on any night. Kept apart by tenant: even that a
-- text has been seen before is nobody else's business.
create table text_embeddings (
    tenant        text not null,
    model         text not null,
    content_hash  text not null,                -- SHA-256 of what was embedded
    windows       integer not null,             -- how many pieces the text was read in
    embedding     vector(384),                  -- null if it has more pieces than are read
    created_at    timestamptz not null,
    constraint text_embeddings_pkey primary key (tenant, model, content_hash),
    constraint text_embeddings_windows_is_not_negative check (windows >= 0),
    constraint text_embeddings_content_is_sha256 check (content_hash ~ '^[0-9a-f]{64}$')
);

-- Embeddings and their nearest-neighbour index come from pgvector. It lives in schema public so that
-- one database can hold several applications that use it.
create extension if not exists vector with schema public;

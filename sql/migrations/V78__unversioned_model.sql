-- A model's name without its version, which some providers add when they answer.
create function unversioned_model(model text) returns text
    language sql
    immutable
as $$
    select regexp_replace($1, '-(\d{8}|\d{4}-\d{2}-\d{2}|\d{3}|preview-\d{2}-\d{4}|latest)$', '')
$$;

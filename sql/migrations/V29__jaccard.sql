-- Of two sets of hashes without repetition: what is shared, as a part of what there is.
create function jaccard(a integer[], b integer[]) returns double precision
    language sql
    immutable
    parallel safe
return (
    select s.shared::double precision / greatest(1, cardinality(a) + cardinality(b) - s.shared)
    from (
        select count(*) as shared
        from unnest(a) as x (hash)
        join unnest(b) as y (hash) using (hash)
    ) s
);

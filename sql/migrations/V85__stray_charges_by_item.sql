-- An answer is taken over by whichever attempt asks for it: a backup that was put back does not know the attempts
-- that came before it, and counts them anew.
create function item_of_custom_id(custom_id text) returns text
    language sql immutable strict parallel safe
    return split_part(custom_id, '_', 2);

drop index stray_charges_free_idx;

create index stray_charges_free_idx on stray_charges (item_of_custom_id(custom_id)) where submission_id is null and resolved_at is null;

-- No answer at all must never be lent, however it came here.
alter table cache_entries
    add constraint cache_entries_answer_is_not_empty check (answer not in ('null', '{}', '[]', '""')) not valid;   -- of rows from before nobody knows

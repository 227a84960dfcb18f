-- Keeps came_from, so that the foreign key to submission_transitions sees every change of state and no
-- statement can leave it out. Rows from before this migration have none until they move.
create function record_submission_transition() returns trigger
    language plpgsql
as $$
begin
    if lower(tg_op) = 'insert' then
        new.came_from := 'new';
    elsif new.state <> old.state then
        new.came_from := old.state;
    else
        new.came_from := old.came_from;
    end if;
    return new;
end;
$$;

create trigger submissions_record_transition
    before insert or update on submissions
    for each row
    execute function record_submission_transition();

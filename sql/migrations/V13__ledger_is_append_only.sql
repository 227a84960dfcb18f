-- A charge is a fact about an invoice: it is never edited and never removed.
create function refuse_ledger_change() returns trigger
    language plpgsql
as $$
begin
    raise exception 'ledger is append-only: % refused', tg_op
        using hint = 'correct a wrong price by adding a price row; charges keep the row they were priced with';
end;
$$;

create trigger ledger_is_append_only
    before update or delete or truncate on ledger
    for each statement
    execute function refuse_ledger_change();

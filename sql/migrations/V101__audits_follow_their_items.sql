-- A document that is forgotten gets another id, and what was found in its audit stays.
alter table audits
    drop constraint audits_item_fkey,
    add constraint audits_item_fkey foreign key (run_id, document_id) references items (run_id, document_id) on update cascade;
